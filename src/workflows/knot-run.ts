import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import type { KnotAnswer } from '../scheduler';
import { requireKnownBehaviour } from './behaviours';
import { isCancellation } from './cancellation';
import { callKnot, describeFailure, isLostInCancel, isRetryable } from './knot-activity';
import { KNOT_ENDED_SIGNAL, STILL_THERE_SIGNAL, type ChildEnd, type ChildTask } from './messages';
import type { ChildWorld } from './world';

export const NOT_FOUND = 'ExternalWorkflowExecutionNotFound';

export function isNotFound(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === NOT_FOUND;
}

/**
 * A child run: does all the work of one knot, and signals the outcome to the run. The outcome's signal goes to the
 * run's id, so the current execution receives it. Continuing as new loses no signal: the server does not end an
 * execution with unhandled signals.
 *
 * The child run ends only when the run has been told, or is over. The child run's own result is for people only.
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
    // `childRunKnots` excludes nodes that pass values on.
    if ('skipped' in answer) throw new Error(`Knot ${knot} is a node that passes values on.`);
    const { extension, ...envelope } = answer;
    end = { knot, temporalRunId: child, kind: 'ok', envelope, ...(extension !== undefined && { extension }) };
  } catch (error) {
    // The error is a defect of ours, which fails the workflow task, or a continue-as-new.
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

/** The child run of a slow knot in a large plan. */
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
