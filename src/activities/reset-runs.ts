import type { LineageRecord, RunHistory } from '../ports';
import type { Uses } from './worker-parts';

export type RecordSources = Uses<'backends' | 'client'>;

/**
 * Whether an operator reset this run, which then continues under a new Temporal run id. The history of a reset run has
 * its knots' answers up to the reset, but their records belong to the earlier execution. A reset run has no run record,
 * as it never performed its first step. A run with a lost record looks like a reset one, but the server knows it as the
 * first of its chain.
 */
export async function isResetRun(
  { backends, client }: RecordSources,
  runId: string,
  temporalRunId: string,
): Promise<boolean> {
  if (await backends.runHistory.getRunByTemporalId(temporalRunId)) return false;
  const described = await client?.workflow.getHandle(runId, temporalRunId).describe();
  return described?.raw.workflowExecutionInfo?.firstRunId !== temporalRunId;
}

/** The latest records of these knots in earlier executions of the run. Knots without a record are left out. */
export async function recordsBeforeReset(
  runHistory: Pick<RunHistory, 'findLineage'>,
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

/** Records by knot id: of this run and, for a reset run, from before the reset. Knots without a record are left out. */
export async function recordsOf(
  environment: RecordSources,
  runId: string,
  temporalRunId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, LineageRecord>> {
  const { runHistory } = environment.backends;
  const records = new Map(
    (await runHistory.getRecords(temporalRunId, ids)).map((record) => [record.knot_id, record]),
  );
  const missing = ids.filter((id) => !records.has(id));
  if (missing.length > 0 && (await isResetRun(environment, runId, temporalRunId))) {
    for (const record of await recordsBeforeReset(runHistory, runId, missing))
      records.set(record.knot_id, record);
  }
  return records;
}
