import type { WorkflowClient } from '@temporalio/client';
import { childRunKnots, isExpanding, layoutOf, readPlan } from '../plan';
import type { Backends, RunRecord } from '../ports';
import { MEMO_KEY, type ChildMemo } from '../workflows/messages';
import type { RunLimits } from '../workflows/run-limits';
import { childRunId } from '../workflows/child-run-id';
import { inParallel } from '../values/in-parallel';
import { ifThere } from './executions';

const AT_A_TIME = 20;

/**
 * Terminates the child runs of a run that ended without reporting. The server terminates no child runs, since a run
 * that continues as new leaves them to the next execution. Idempotent.
 */
export async function endChildRuns(
  backends: Backends,
  client: WorkflowClient,
  run: RunRecord,
  { childRunsFromEvents }: RunLimits,
): Promise<void> {
  const stored = await backends.tapestryStore.get(run.plan_hash);
  if (!stored) return;
  // Takes the whole plan, whatever the run's terminals, to cover the child runs of any part.
  const layout = layoutOf(readPlan(stored.text));
  const away = new Set(childRunKnots(layout, childRunsFromEvents));
  const slow = layout.ids.filter(
    (_, knot) => away.has(knot) || isExpanding(layout.policies[layout.policy[knot]!]!),
  );
  if (slow.length === 0) return;
  const ended = new Set(
    (await backends.runHistory.getRecords(run.temporal_run_id, slow)).map((record) => record.knot_id),
  );
  const left = slow.filter((knot) => !ended.has(knot));
  await inParallel(left, AT_A_TIME, (knot) => endChildRun(client, run, knot));
}

async function endChildRun(client: WorkflowClient, run: RunRecord, knot: string): Promise<void> {
  const child = await runningChildRun(client, run, knot);
  if (child === undefined) return;
  const handle = client.getHandle(childRunId(run.run_id, knot), child);
  await ifThere(handle.terminate(`Run ${run.run_id} was terminated`));
}

/** The Temporal run id of the knot's running child run; undefined if there is none. */
export async function runningChildRun(
  client: WorkflowClient,
  run: RunRecord,
  knot: string,
): Promise<string | undefined> {
  const child = await ifThere(client.getHandle(childRunId(run.run_id, knot)).describe());
  // The workflow id may belong to a later run by now.
  const { temporalRunId: of } = (child?.memo?.[MEMO_KEY] ?? {}) as Partial<ChildMemo>;
  return child?.status.name === 'RUNNING' && of === run.temporal_run_id ? child.runId : undefined;
}
