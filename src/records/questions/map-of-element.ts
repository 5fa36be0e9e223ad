/** The map's id for an element such as `users[17]`. Undefined for other knots, whose ids have no bracket. */
export function mapOfElement(knotId: string): string | undefined {
  const bracket = knotId.indexOf('[');
  return bracket < 0 ? undefined : knotId.slice(0, bracket);
}
