interface Measured {
  readonly word: string;
  readonly length: number;
}

export function measure({ word }: { word: string }): Measured {
  if (word === '') throw new Error('There is no word.');
  return { word, length: word.length };
}

export function longest(words: readonly Measured[]): Measured {
  return words.reduce((best, word) => (word.length > best.length ? word : best), { word: '', length: 0 });
}

export function describe({ word, length }: { word: string; length: number }): string {
  return `The longest is ${word}, with ${length} letters.`;
}
