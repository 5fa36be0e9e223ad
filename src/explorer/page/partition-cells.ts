import type { Partition } from '../../operations/partitions/list';
import type { Tone } from './ui/tones';

export type { Partition };

export const PARTITION_TONES: Readonly<Record<string, Tone>> = {
  missing: 'none',
  running: 'running',
  ok: 'ok',
  stale: 'waiting',
  failed: 'err',
};

interface PartitionGroup<One> {
  /** The group of a partition, such as `2026-03` or `2026`; undefined for partitions that are not times. */
  readonly title?: string;
  readonly partitions: readonly One[];
}

/** Partitions in groups as in a calendar: hours by day, days by month, months by year; all others in one group. */
export function groupsOf<One extends { readonly key: string }>(
  partitions: readonly One[],
): PartitionGroup<One>[] {
  const groups = new Map<string, One[]>();
  for (const partition of partitions) {
    const title = groupTitle(partition.key);
    const group = groups.get(title);
    if (group) group.push(partition);
    else groups.set(title, [partition]);
  }
  if (groups.size > 0 && [...groups.keys()].every((title) => title === '')) return [{ partitions }];
  return [...groups].map(([title, members]) => ({ ...(title !== '' && { title }), partitions: members }));
}

function groupTitle(key: string): string {
  const [, year, month, day, hour] = /^(\d{4})-(\d\d)(?:-(\d\d)(?:T(\d\d))?)?/.exec(key) ?? [];
  if (hour !== undefined) return `${year}-${month}-${day}`;
  if (day !== undefined) return `${year}-${month}`;
  return year ?? '';
}

/** The text of a cell: the last part of a time, or the whole key if there is room. */
export function cellText(key: string): string {
  const [, , month, day, hour] =
    /^(\d{4})-(\d\d)(?:-(\d\d)(?:T(\d\d))?)?$/.exec(key.replace(/:00$|:00Z$|Z$/, '')) ?? [];
  return hour ?? day ?? month ?? '';
}
