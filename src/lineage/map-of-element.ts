/** Of an element of a map, `users[17]`: the map's id. No other knot has a bracket in its id. */
export function mapOfElement(knotId: string): string | undefined {
  const bracket = knotId.indexOf('[');
  return bracket < 0 ? undefined : knotId.slice(0, bracket);
}
