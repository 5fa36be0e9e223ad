const NAMED = 5;

/** `knot "a" of run r, knot "b" of run r and 3 more`; nothing of none. */
export function nameSome(names: readonly string[], count: number): string {
  const shown = names.slice(0, NAMED);
  const more = count - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  const last = shown.pop();
  return shown.length === 0 ? (last ?? '') : `${shown.join(', ')} and ${last}`;
}
