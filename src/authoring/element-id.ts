/**
 * The map of an element: `users` for `users[17]` and `users["anna"]`; undefined for knots that are no elements, whose
 * ids have no bracket. Keys may contain brackets, so the first bracket counts.
 */
export function mapOfElement(knotId: string): string | undefined {
  const bracket = knotId.indexOf('[');
  return bracket < 0 ? undefined : knotId.slice(0, bracket);
}
