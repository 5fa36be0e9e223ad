import { knotRecords } from '../../connection/read-run';
import { reconcileRun } from '../../connection/reconcile';
import { namedIn, resumesOf, type Resume } from '../../connection/resumes';
import { SelvageError } from '../../errors';
import { graphOfRun } from '../../runtime';
import type { RunRecord } from '../../ports';
import type { Questions, RunView } from '../contract';
import type { ProjectData } from '../../operations/surroundings';
import type { ServerReach } from '../../operations/reach';
import { summaryOf } from '../../operations/runs/summary';

/** A run with its graph. */
export async function run(data: ProjectData, { runId }: Questions['run']['ask']): Promise<RunView> {
  // Taken before anything is read: changes during the reading are then reported again, which does no harm.
  const position = await data.live?.position();
  const record = await requireRun(data, runId);
  const [view, previous, next] = await Promise.all([
    graphOf(data, record),
    before(data, record),
    after(data, record),
  ]);
  const { parent_knot, resumed_from, event } = record.details as {
    parent_knot?: string;
    resumed_from?: string;
    event?: Readonly<Record<string, string | number>>;
  };
  const resumedAs = await resumedAsOf(data, record);
  return {
    run: {
      ...summaryOf(record),
      planHash: record.plan_hash,
      ...(record.parent_run_id !== null && { parentRunId: record.parent_run_id }),
      parentKnotId: parent_knot,
      resumedFrom: resumed_from,
      ...(resumedAs.length > 0 && { resumedAs }),
      ...(record.vcs_commit !== null && { vcsCommit: record.vcs_commit }),
      event,
    },
    graph: view,
    previousRunId: previous,
    nextRunId: next,
    position,
  };
}

/** As the server knows them, else those that are on record. */
async function resumedAsOf({ backends, reach }: ProjectData, record: RunRecord): Promise<readonly Resume[]> {
  const ids = namedIn(record);
  if (ids.length === 0) return [];
  const known = await reach.ask(({ client }) => resumesOf(backends, client.workflow, record));
  if (known) return known;
  const runs = await Promise.all(ids.map((id) => backends.runHistory.getRun(id)));
  return runs.flatMap((run) => (run ? [{ runId: run.run_id, status: run.status }] : []));
}

/**
 * The record of a run; if no worker has begun it, what the server knows of it.
 *
 * @throws SelvageError `UnknownRun`, `BackendUnavailable`
 */
export async function requireRun({ backends, reach }: ProjectData, runId: string): Promise<RunRecord> {
  const known = await backends.runHistory.getRun(runId);
  if (known && known.status !== 'running') return known;
  const record = known
    ? ((await reach.ask(({ client }) => reconcileRun(backends, client.workflow, known))) ?? known)
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

async function graphOf({ backends, plans }: ProjectData, record: RunRecord): Promise<RunView['graph']> {
  if (record.plan_hash === '') return { tapestry: record.tapestry, planHash: '', knots: [] };
  const plan = await plans.of(record);
  return graphOfRun(plan, (await knotRecords(backends, plan, record)).values());
}

async function before({ backends }: ProjectData, record: RunRecord): Promise<string | undefined> {
  const { tapestry, started_at: until } = record;
  return (await backends.runHistory.listRuns({ tapestry, until, limit: 1 })).items[0]?.run_id;
}

const FIRST_WINDOW_MS = 60_000;
const WINDOW_GROWS = 8;

const MOST_PAGES = 20;

/**
 * The history lists the newest first, so the next run is searched in time windows that grow until one has a
 * run.
 */
async function after({ backends }: ProjectData, record: RunRecord): Promise<string | undefined> {
  const { tapestry, started_at } = record;
  const since = started_at + 1;
  const now = Date.now();
  for (let window = FIRST_WINDOW_MS; ; window *= WINDOW_GROWS) {
    const query = { tapestry, since, until: since + window, limit: 1_000 };
    let page = await backends.runHistory.listRuns(query);
    for (let pages = 1; page.cursor !== undefined && pages < MOST_PAGES; pages++)
      page = await backends.runHistory.listRuns({ ...query, cursor: page.cursor });
    const oldest = page.items.at(-1);
    if (oldest) return oldest.run_id;
    if (since + window > now) return undefined;
  }
}

/** Why an unfinished run has not ended. */
export async function waiting(
  { reach }: ProjectData,
  { runId }: Questions['waiting']['ask'],
): Promise<Questions['waiting']['answer']> {
  // If no worker answers, 5 s pass before the server's word alone is taken.
  const state = await reach.ask((selvage) => selvage.getRun(runId).status(), 12_000);
  const { knots, workflowTask } = state?.waiting ?? {};
  return {
    ...(knots && { waiting: Object.fromEntries(knots.map((knot) => [knot.knotId, knot])) }),
    ...(workflowTask && { workflowTask }),
  };
}
