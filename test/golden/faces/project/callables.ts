export function shout({ word }: { word: string }): string {
  return word.toUpperCase();
}
