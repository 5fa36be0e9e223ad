import type { Page, PageOptions } from '../../ports';
import { pageLimit, pageOf, pageStart } from '../../ports/parts/pages';

/** A page of items that are kept in insertion order. A removed item leaves a gap. */
export function newestFirst<T>(
  items: readonly (T | undefined)[],
  options: PageOptions,
  timeOf: (item: T) => number,
  wanted: (item: T) => boolean,
): Page<T> {
  const limit = pageLimit(options);
  const start = pageStart(options);
  const found: { item: T; time: number; sequence: number }[] = [];
  for (let sequence = items.length - 1; sequence >= 0; sequence -= 1) {
    const item = items[sequence];
    if (item === undefined) continue;
    const time = timeOf(item);
    const isPast =
      start !== undefined && (time > start.time || (time === start.time && sequence >= start.sequence));
    if (!isPast && wanted(item)) found.push({ item, time, sequence });
  }
  found.sort((a, b) => b.time - a.time || b.sequence - a.sequence);
  return pageOf(
    found.slice(0, limit + 1),
    limit,
    (entry) => entry,
    (entry) => entry.item,
  );
}
