/** Compares numbers inside ids by value. */
export const ids = new Intl.Collator('en', { numeric: true });

/** Sorts knot ids, parents before children, then by id. If the wirings of two runs conflict, one is followed. */
export function inOrder(parentsOf: ReadonlyMap<string, readonly string[]>): string[] {
  const ordered = new Set<string>();
  const entered = new Set<string>();
  const open: { id: string; isLeft: boolean }[] = [...parentsOf.keys()]
    .sort((one, other) => ids.compare(other, one))
    .map((id) => ({ id, isLeft: false }));
  for (let place = open.pop(); place; place = open.pop()) {
    const { id, isLeft } = place;
    if (isLeft) ordered.add(id);
    if (isLeft || entered.has(id)) continue;
    entered.add(id);
    open.push({ id, isLeft: true });
    for (const parent of parentsOf.get(id)!) {
      if (parentsOf.has(parent)) open.push({ id: parent, isLeft: false });
    }
  }
  return [...ordered];
}
