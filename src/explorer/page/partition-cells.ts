import type { Partition } from '../../operations/partitions/list';
import type { Tone } from './ui/tones';

export type { Partition };

export const PARTITION_STATES = ['missing', 'running', 'ok', 'stale', 'failed'] as const;

export const PARTITION_TONES: Readonly<Record<string, Tone>> = {
  missing: 'none',
  running: 'running',
  ok: 'ok',
  stale: 'waiting',
  failed: 'err',
};

export interface PartitionGroup {
  /** `2026-03`, `2026`; undefined for partitions that are not times. */
  readonly title?: string;
  readonly partitions: readonly Partition[];
}

/**
 * Partitions in the given order, in groups as in a calendar: hours by day, days by month, months by year. All
 * others are one group. Keys of a product (`2026-01-01|eu`) are grouped by their time.
 */
export function groupsOf(partitions: readonly Partition[]): PartitionGroup[] {
  const groups = new Map<string, Partition[]>();
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

/**
 * The number of partitions in each state, in the order of `PARTITION_STATES`; states without any are omitted.
 */
export function countStates(partitions: readonly Partition[]): [state: string, count: number][] {
  const counts = new Map<string, number>(PARTITION_STATES.map((state) => [state, 0]));
  for (const { state } of partitions) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 0);
}

/** The text of a cell: the last part of a time, or the whole key if there is room. */
export function cellText(key: string): string {
  const [, , month, day, hour] =
    /^(\d{4})-(\d\d)(?:-(\d\d)(?:T(\d\d))?)?$/.exec(key.replace(/:00$|:00Z$|Z$/, '')) ?? [];
  return hour ?? day ?? month ?? '';
}
