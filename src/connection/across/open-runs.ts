import { isOfClass } from '../../errors';
import type { Layout } from '../../plan';
import type { Backends, RunRecord } from '../../ports';
import { everyPage } from '../../ports/parts/every-item';
import { runMatches } from '../../ports/parts/run-matches';
import type { LoadedPlan } from '../../runtime';
import type { RunMemo } from '../../workflows/messages';
import { unreachable } from '../connection-errors';
import type { Connected } from '../connect';
import { layoutOfRun, readPlanOf } from '../read-run';
import { runsOnServer, type RunningWorkflow } from '../running-workflows';
import { isOfOtherHistory } from '../unbegun-run';
import type { OpenRunsQuery } from './waiting-run';

/** An unfinished run in a listing. */
export interface OpenRun {
  readonly runId: string;
  readonly tapestry: string;
  /** Hash of the plan; empty if the run's starter left the plan to the worker, which has not begun the run. */
  readonly planHash: string;
  /** When the run began, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** The run whose knot started this run; null if no knot did. */
  readonly parentRunId: string | null;
  /** The run's record; absent if no worker has begun the run. */
  readonly record?: RunRecord;
  /** Whether the run's records are in another run history. */
  readonly isElsewhere?: boolean;
  /** Whether the server has the recorded execution as running. */
  readonly isCurrent?: boolean;
  /**
   * The run's workflow; absent if the run is not on the server. Unless `isCurrent`, the run just began, is paused, or
   * ended unrecorded.
   */
  readonly workflow?: RunningWorkflow;
}

/**
 * All unfinished runs of these backends, unsorted: some calls for a thousand runs each. Excludes runs that a
 * plain Temporal client has started and no worker has begun.
 *
 * @param running answer of {@link runningRecords}, if known
 * @param isToList selects the runs that get their `workflow`. If `isToList` is omitted, runs that are not current
 * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
 */
export async function readOpenRuns(
  { client, backends, place }: Pick<Connected, 'client' | 'backends' | 'place'>,
  query: OpenRunsQuery,
  running?: readonly RunRecord[],
  isToList: (run: { readonly temporal_run_id: string }) => boolean = () => false,
): Promise<OpenRun[]> {
  running ??= await runningRecords(backends);
  const [{ current, listed }, identity] = await Promise.all([
    runsOnServer(client.workflow, running, isToList).catch((error: unknown) => {
      throw unreachable(error, place.address);
    }),
    backends.runHistory.identity(),
  ]);
  const records = new Map(running.map((run) => [run.run_id, run]));
  const begun = new Set(running.map((run) => run.temporal_run_id));
  // The memo of a knot's run names the parent run in place of its backends.
  const isOurs = ({ backends: of, parentTemporalRunId: parent }: RunMemo): boolean =>
    of ? of.history === identity : parent === undefined || begun.has(parent);
  const open: OpenRun[] = [];
  const unbegun: Promise<void>[] = [];
  const seen = new Set<string>();
  for (const workflow of listed) {
    // A run that has just continued as new may be listed with both executions.
    if (seen.has(workflow.workflowId)) continue;
    seen.add(workflow.workflowId);
    const record = records.get(workflow.workflowId);
    records.delete(workflow.workflowId);
    if (record && runMatches(record, query)) open.push({ ...ofRecord(record), workflow });
    if (record || !workflow.hasMemo) continue;
    unbegun.push(
      workflow.readMemo().then((memo) => {
        // The child run of a knot is no run of the listing.
        if (!memo || 'temporalRunId' in memo) return;
        // On the project's own server, the history was deleted or replaced; elsewhere it is somebody else's.
        const isElsewhere = place.source === 'embedded' && isOfOtherHistory(memo, identity);
        if (!isElsewhere && !isOurs(memo)) return;
        const {
          plan: planHash = '',
          actor = null,
          trigger = 'temporal',
          tags = [],
          parentRunId = null,
        } = memo;
        const { workflowId: runId, type: tapestry, since: startedAt } = workflow;
        const facts = {
          tapestry,
          status: 'running',
          actor,
          trigger,
          tags,
          started_at: startedAt,
        } as const;
        if (runMatches(facts, query))
          open.push({ runId, tapestry, planHash, startedAt, parentRunId, workflow, isElsewhere });
      }),
    );
  }
  await Promise.all(unbegun);
  for (const record of records.values())
    if (runMatches(record, query))
      open.push({ ...ofRecord(record), isCurrent: current.has(record.temporal_run_id) });
  return open;
}

/** The records of running runs, one for each run id. */
export async function runningRecords({ runHistory }: Backends): Promise<RunRecord[]> {
  const records = new Map<string, RunRecord>();
  for await (const page of everyPage((options) => runHistory.listRuns({ ...options, status: 'running' })))
    // Records come newest first: an older run of the same id has been replaced.
    for (const run of page) if (!records.has(run.run_id)) records.set(run.run_id, run);
  return [...records.values()];
}

export function ofRecord(record: RunRecord): OpenRun {
  const { run_id: runId, tapestry, plan_hash: planHash, started_at: startedAt } = record;
  return { runId, tapestry, planHash, startedAt, parentRunId: record.parent_run_id, record };
}

/** The plans of many runs, each read once. */
export class PlansOfRuns {
  private readonly plans = new Map<string, Promise<LoadedPlan | undefined>>();
  private readonly layouts = new Map<string, Layout>();

  constructor(private readonly backends: Backends) {}

  /** A run's plan; undefined if missing or unreadable. @throws SelvageError `BackendUnavailable` */
  of(hash: string, runId: string): Promise<LoadedPlan | undefined> {
    let plan = this.plans.get(hash);
    if (!plan) {
      plan = readPlanOf(this.backends, { plan_hash: hash, run_id: runId }).catch((error: unknown) => {
        if (isOfClass(error, 'backend')) throw error;
        return undefined;
      });
      this.plans.set(hash, plan);
    }
    return plan;
  }

  layoutOf(plan: LoadedPlan, run: RunRecord): Layout {
    const key = JSON.stringify([plan.hash, run.terminals]);
    let layout = this.layouts.get(key);
    if (!layout) this.layouts.set(key, (layout = layoutOfRun(plan, run)));
    return layout;
  }
}
