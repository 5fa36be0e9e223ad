import type { RunHistory } from '../../ports';

/** How and when a knot ended: milliseconds since the epoch. */
export interface Finished {
  readonly isOk: boolean;
  readonly at: number;
}

const NO_ANSWER_AT_ONCE = 20;
/** Number of runs in one call, few enough to stop in time between two calls. */
const RUNS_AT_ONCE = 2_000;

/** Finished knots by Temporal run id, without runs not read in time. @throws SelvageError `BackendUnavailable` */
export async function readFinishedKnots(
  runHistory: RunHistory,
  temporalRunIds: readonly string[],
  isLate: () => boolean,
): Promise<ReadonlyMap<string, ReadonlyMap<string, Finished>>> {
  const found = new Map<string, Map<string, Finished>>();
  const step = runHistory.finishedKnots ? RUNS_AT_ONCE : NO_ANSWER_AT_ONCE;
  for (let start = 0; start < temporalRunIds.length && !isLate(); start += step) {
    const some = temporalRunIds.slice(start, start + step);
    for (const id of some) found.set(id, new Map());
    const knots = runHistory.finishedKnots
      ? await runHistory.finishedKnots(some)
      : (await Promise.all(some.map((id) => runHistory.getRecords(id)))).flat();
    for (const { temporal_run_id: run, knot_id: knot, outcome, finished_at: at } of knots)
      found.get(run)?.set(knot, { isOk: outcome === 'ok', at });
  }
  return found;
}
