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
 * A child run: runs one slow knot as its run would have done, and tells the run by signal what came of it. The signal goes to
 * the run's id, so that whichever execution of the run is there then hears of it: one that continues as new cannot miss it, for
 * the server refuses to end an execution while a signal waits to be heard.
 *
 * It ends only when the run has been told, or is over. How it ends itself (completed, failed, cancelled) is for those who look at it.
 */
export async function runKnot({ behaviour, knot, call, task }: ChildTask): Promise<void> {
  setHandler(stillThere, () => {}, { description: 'Asks whether this child run is still there' });
  requireKnownBehaviour(behaviour);
  const scope = CancellationScope.current();
  const child = workflowInfo().runId;
  let end: ChildEnd;
  let failure: TemporalFailure | undefined;
  try {
    const envelope = await callKnot(call, task);
    // Nodes never have child runs: `slowKnots` leaves them out.
    if ('skipped' in envelope) throw new Error(`Knot ${knot} is a node that passes values on.`);
    end = { knot, child, kind: 'ok', envelope };
  } catch (error) {
    // A defect of ours: it fails the workflow task.
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

async function tell(runId: string, end: ChildEnd): Promise<void> {
  try {
    await getExternalWorkflowHandle(runId).signal(knotEnded, end);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
