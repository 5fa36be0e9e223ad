import { statsOf } from '../../records/questions';
import type { Questions, StatsAnswer, StatsWindow } from '../contract';
import type { ProjectData } from '../../operations/surroundings';

const ROWS = 500;
const DAY_MS = 86_400_000;
const LENGTHS: Readonly<Record<StatsWindow, number>> = { '24h': DAY_MS, '7d': 7 * DAY_MS };

/** Figures of what finished lately, from the records alone. */
export async function stats(
  { backends: { runHistory } }: ProjectData,
  { by, last }: Questions['stats']['ask'],
): Promise<StatsAnswer> {
  const until = (await runHistory.now()) + 1;
  const found = await statsOf(runHistory, { by, since: until - LENGTHS[last], until });
  return { ...found, items: found.items.slice(0, ROWS), total: found.items.length };
}
