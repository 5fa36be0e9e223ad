import type { LineageRecord } from '../protocols';

const ids = new Intl.Collator('en', { numeric: true });

/** Parents before children, and else by id, whatever order they came in. */
export function inOrder(records: ReadonlyMap<string, LineageRecord>): LineageRecord[] {
  const ordered = new Set<LineageRecord>();
  const open: { record: LineageRecord; isEntered: boolean }[] = [...records.values()]
    .sort((one, other) => ids.compare(other.knot_id, one.knot_id))
    .map((record) => ({ record, isEntered: false }));
  for (let place = open.pop(); place; place = open.pop()) {
    const { record, isEntered } = place;
    if (ordered.has(record)) continue;
    if (isEntered) {
      ordered.add(record);
      continue;
    }
    open.push({ record, isEntered: true });
    for (const id of Object.values(record.parent_knot_ids)) {
      const parent = records.get(id);
      if (parent && !ordered.has(parent)) open.push({ record: parent, isEntered: false });
    }
  }
  return [...ordered];
}
