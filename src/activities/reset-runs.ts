import type { LineageRecord, RunHistory } from '../protocols';

/**
 * A run that an operator reset goes on under a new Temporal run id, with the answers of its knots up to the reset point in
 * its history and their records under the execution that it was reset from. It never took its first step itself, so it has
 * no run record of its own; that is how it is told.
 */
export async function isResetRun(runHistory: RunHistory, temporalRunId: string): Promise<boolean> {
  return (await runHistory.getRunByTemporalId(temporalRunId)) === undefined;
}

/** The latest records of these knots in earlier executions of the run; what has none is left out. */
export async function recordsBeforeReset(
  runHistory: RunHistory,
  runId: string,
  knotIds: Iterable<string>,
): Promise<LineageRecord[]> {
  const found: LineageRecord[] = [];
  for (const knotId of knotIds) {
    const { items } = await runHistory.findLineage({ runId, knotId, limit: 1 });
    found.push(...items);
  }
  return found;
}
