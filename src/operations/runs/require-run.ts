import { knotRecords } from '../../connection/read-run';
import { lookAtRun } from '../../connection/look-at-run';
import { SelvageError } from '../../errors';
import { graphOfRun } from '../../runtime';
import type { RunGraph } from '../../authoring/run-graph';
import type { RunRecord } from '../../ports';
import type { ServerReach } from '../reach';
import type { ProjectData } from '../surroundings';

/**
 * The run's record, else the server's state of it.
 *
 * @throws SelvageError `UnknownRun`, `BackendUnavailable`
 */
export async function requireRun({ backends, reach }: ProjectData, runId: string): Promise<RunRecord> {
  const known = await backends.runHistory.getRun(runId);
  if (known && known.status !== 'running') return known;
  const record = known
    ? ((await reach.ask(({ client }) => lookAtRun(backends, client.workflow, known)))?.run ?? known)
    : await unrecordedRun(reach, runId);
  if (record) return record;
  throw new SelvageError(
    'UnknownRun',
    reach.state === 'connected'
      ? `Neither the run history (${backends.runHistory.technology}) nor the server knows run "${runId}".`
      : `The run history (${backends.runHistory.technology}) does not know run "${runId}". Where no worker has begun it, only the Temporal server knows of it, which is away.`,
    { details: { run: runId } },
  );
}

async function unrecordedRun(reach: ServerReach, runId: string): Promise<RunRecord | undefined> {
  try {
    return await reach.ask(async (selvage) => (await selvage.getRun(runId).status()).run);
  } catch (error) {
    if (SelvageError.is(error, 'UnknownRun')) return undefined;
    throw error;
  }
}

/** The graph of a run, which has no knots until a worker has made the plan. */
export async function graphOf({ backends, plans }: ProjectData, run: RunRecord): Promise<RunGraph> {
  if (run.plan_hash === '') return { tapestry: run.tapestry, planHash: '', knots: [] };
  const plan = await plans.of(run);
  return graphOfRun(plan, (await knotRecords(backends, plan, run)).values());
}
