import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import type { KnotAnswer } from '../scheduler';
import { requireKnownBehaviour } from './behaviours';
import { isCancellation } from './cancellation';
import { callKnot, describeFailure, isLostInCancel, isRetryable } from './knot-activity';
import { KNOT_ENDED_SIGNAL, STILL_THERE_SIGNAL, type ChildEnd, type ChildTask } from './messages';
import type { ChildWorld } from './world';

/** The server's error for a workflow that does not exist or has ended. */
export const NOT_FOUND = 'ExternalWorkflowExecutionNotFound';

export function isNotFound(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === NOT_FOUND;
}

/**
 * A child run: does all the work of one knot of a run, and signals the outcome to the run. The signal goes to the run's
 * id, so whichever execution is current receives it. An execution cannot miss it by continuing as new, as the server
 * refuses to end an execution while a signal is unhandled.
 *
 * It ends only once the run has been told, or is over. Its own result (completed, failed, cancelled) is only for people
 * who look at it.
 *
 * @param work ends like the knot's own activity, with its answer or failure; may continue as new
 */
export async function childRun(
  world: ChildWorld,
  { behaviour, knot, task }: ChildTask,
  work: () => Promise<KnotAnswer>,
): Promise<void> {
  world.hearSignal(STILL_THERE_SIGNAL, 'Asks whether this child run is still there', () => {});
  requireKnownBehaviour(behaviour);
  const scope = world.scope();
  const child = world.facts().firstExecutionRunId;
  let end: ChildEnd;
  let failure: TemporalFailure | undefined;
  try {
    const answer = await work();
    // Nodes that pass values on never have child runs: `childRunKnots` excludes them.
    if ('skipped' in answer) throw new Error(`Knot ${knot} is a node that passes values on.`);
    const { extension, ...envelope } = answer;
    end = { knot, temporalRunId: child, kind: 'ok', envelope, ...(extension !== undefined && { extension }) };
  } catch (error) {
    // A defect of ours, which fails the workflow task, or a continue-as-new.
    if (!(error instanceof TemporalFailure)) throw error;
    failure = error;
    end =
      isCancellation(error) || (scope.consideredCancelled && (isRetryable(error) || isLostInCancel(error)))
        ? { knot, temporalRunId: child, kind: 'cancelled' }
        : { knot, temporalRunId: child, kind: 'err', ...describeFailure(knot, error) };
  }
  await world.shielded(() => tell(world, task.runId, end));
  if (failure) throw failure;
}

/** The child run of a slow knot of a large plan: it only runs the knot's activity. */
export async function runKnot(world: ChildWorld, child: ChildTask): Promise<void> {
  await childRun(world, child, () => callKnot(world, child.call, child.task, child.limits));
}

async function tell(world: ChildWorld, runId: string, end: ChildEnd): Promise<void> {
  try {
    await world.workflow(runId).signal(KNOT_ENDED_SIGNAL, end);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
