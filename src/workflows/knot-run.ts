import {
  ApplicationFailure,
  CancellationScope,
  TemporalFailure,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { KnotAnswer } from '../engine';
import { requireKnownBehaviour } from './behaviours';
import { callKnot, describeFailure, isLostInCancel, isRetryable } from './knot-activity';
import { KNOT_ENDED_SIGNAL, STILL_THERE_SIGNAL, type ChildEnd, type ChildTask } from './messages';

const knotEnded = defineSignal<[ChildEnd]>(KNOT_ENDED_SIGNAL);
const stillThere = defineSignal(STILL_THERE_SIGNAL);

/** The server's word for a workflow that is not there or has ended. */
const NOT_FOUND = 'ExternalWorkflowExecutionNotFound';

export function isNotFound(error: unknown): boolean {
  return error instanceof ApplicationFailure && error.type === NOT_FOUND;
}

/**
 * A child run: does all that one knot of a run has to do, and tells the run by signal what came of it. The signal goes to
 * the run's id, so that whichever execution of the run is there then hears of it: one that continues as new cannot miss it, for
 * the server refuses to end an execution while a signal waits to be heard.
 *
 * It ends only when the run has been told, or is over. How it ends itself (completed, failed, cancelled) is for those who look at it.
 *
 * @param work ends with the answer of the knot's own activity, or as that did; may continue as new
 */
export async function childRun(
  { behaviour, knot, task }: ChildTask,
  work: () => Promise<KnotAnswer>,
): Promise<void> {
  setHandler(stillThere, () => {}, { description: 'Asks whether this child run is still there' });
  requireKnownBehaviour(behaviour);
  const scope = CancellationScope.current();
  const child = workflowInfo().firstExecutionRunId;
  let end: ChildEnd;
  let failure: TemporalFailure | undefined;
  try {
    const answer = await work();
    // Nodes that pass values on never have child runs: `childRunKnots` leaves them out.
    if ('skipped' in answer) throw new Error(`Knot ${knot} is a node that passes values on.`);
    const { extension, ...envelope } = answer;
    end = { knot, child, kind: 'ok', envelope, ...(extension !== undefined && { extension }) };
  } catch (error) {
    // A defect of ours, which fails the workflow task, or a continuation as new.
    if (!(error instanceof TemporalFailure)) throw error;
    failure = error;
    end =
      isCancellation(error) || (scope.consideredCancelled && (isRetryable(error) || isLostInCancel(error)))
        ? { knot, child, kind: 'cancelled' }
        : { knot, child, kind: 'err', ...describeFailure(knot, error) };
  }
  await CancellationScope.nonCancellable(() => tell(task.runId, end));
  if (failure) throw failure;
}

/** The child run of a slow knot of a large plan: its activity is all that there is to do. */
export async function runKnot(child: ChildTask): Promise<void> {
  await childRun(child, () => callKnot(child.call, child.task, child.limits));
}

async function tell(runId: string, end: ChildEnd): Promise<void> {
  try {
    await getExternalWorkflowHandle(runId).signal(knotEnded, end);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
