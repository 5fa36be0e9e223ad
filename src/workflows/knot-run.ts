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
import type { KnotAnswer } from '../scheduler';
import { requireKnownBehaviour } from './behaviours';
import { callKnot, describeFailure, isLostInCancel, isRetryable } from './knot-activity';
import { KNOT_ENDED_SIGNAL, STILL_THERE_SIGNAL, type ChildEnd, type ChildTask } from './messages';

const knotEnded = defineSignal<[ChildEnd]>(KNOT_ENDED_SIGNAL);
const stillThere = defineSignal(STILL_THERE_SIGNAL);

/** The server's error for a workflow that does not exist or has ended. */
const NOT_FOUND = 'ExternalWorkflowExecutionNotFound';

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
  await CancellationScope.nonCancellable(() => tell(task.runId, end));
  if (failure) throw failure;
}

/** The child run of a slow knot of a large plan: it only runs the knot's activity. */
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
