import type { LineageRecord } from '../../ports';
import { ids } from './in-order';
import { mapOfElement } from '../../authoring/element-id';

export function parentsOf({ parent_knot_ids }: LineageRecord): string[] {
  return [...new Set(Object.values(parent_knot_ids))];
}

/** Parents by knot id; for several runs, the parents in all of these. A map comes after its elements. */
export function wiringOf(records: Iterable<LineageRecord>): Map<string, string[]> {
  const wiring = new Map<string, string[]>();
  for (const record of records) {
    const known = wiring.get(record.knot_id);
    if (known) known.push(...parentsOf(record));
    else wiring.set(record.knot_id, parentsOf(record));
  }
  // Sort descending, since walking upstream takes the last first.
  const elements = [...wiring.keys()].filter((id) => mapOfElement(id) !== undefined).sort(byIdDescending);
  for (const id of elements) wiring.get(mapOfElement(id)!)?.push(id);
  return wiring;
}

function byIdDescending(one: string, other: string): number {
  return ids.compare(other, one);
}
