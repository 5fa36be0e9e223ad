import {
  ApplicationFailure,
  ChildWorkflowFailure,
  ParentClosePolicy,
  TerminatedFailure,
  isCancellation,
  proxyLocalActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { nestedRunId, type KnotAnswer } from '../engine';
import { messageText } from '../errors';
import { SYSTEM_ACTIVITY_OPTIONS, failTaskIfUnknown } from './system-calls';
import { callKnot } from './knot-activity';
import { childRun } from './knot-run';
import {
  MEMO_KEY,
  NEST_ACTIVITY,
  type ChildTask,
  type EndedRun,
  type NestRequest,
  type NestResult,
  type RunMemo,
} from './messages';

const MESSAGE_LENGTH = 2_000;

const system = proxyLocalActivities<{ [NEST_ACTIVITY](request: NestRequest): Promise<NestResult> }>(
  SYSTEM_ACTIVITY_OPTIONS,
);

/**
 * The child run of a knot that runs another tapestry. That runs as a run of its own, which any client may follow by its id; when it is over,
 * the knot's activity reads its values from its records.
 */
export async function runSubTapestry(child: ChildTask): Promise<void> {
  await childRun(child, async () => {
    const nested = await failTaskIfUnknown(() =>
      system[NEST_ACTIVITY]({ task: { ...child.task, knot: child.knot } }),
    );
    return await conclude(child, await run(child, nested, 1));
  });
}

/**
 * Runs the tapestry to its end. Its parent, in the words of the server, is this child run: it is cancelled with it and, where this ends without
 * a word, asked to cancel itself, so that it settles its own records.
 *
 * @param number of the run among those of its knot, from 1
 */
async function run(
  { call, knot, memo, task }: ChildTask,
  nested: NestResult,
  number: number,
): Promise<EndedRun> {
  const said: RunMemo = {
    ...memo,
    plan: nested.plan,
    trigger: 'knot',
    parentRunId: task.runId,
    parentTemporalRun: task.run,
    parentKnot: knot,
  };
  const handle = await startChild(nested.tapestry, {
    workflowId: nestedRunId(workflowInfo().workflowId, number),
    args: [nested.parameters],
    memo: { [MEMO_KEY]: said },
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    // Whoever has the id was left behind by a child run that was terminated or reset.
    workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
    ...(call.taskQueue && { taskQueue: call.taskQueue }),
    ...(call.summary && { staticSummary: call.summary }),
  });
  const ended = { run: handle.workflowId, child: handle.firstExecutionRunId };
  try {
    await handle.result();
    return ended;
  } catch (error) {
    if (!(error instanceof ChildWorkflowFailure) || isCancellation(error)) throw error;
    return { ...ended, error: describeEnd(error) };
  }
}

function describeEnd({ cause, message }: ChildWorkflowFailure): NonNullable<EndedRun['error']> {
  if (cause instanceof TerminatedFailure) return { type: 'RunTerminated', message: 'it was terminated' };
  return {
    type: (cause instanceof ApplicationFailure && cause.type) || (cause?.name ?? 'RunFailed'),
    message: messageText(cause?.message ?? message, MESSAGE_LENGTH),
  };
}

/** The knot's own activity, which runs where its run's other activities do: the queue that it names is that of the tapestry. */
async function conclude({ call, task }: ChildTask, nested: EndedRun): Promise<KnotAnswer> {
  const { taskQueue: _, ...own } = call;
  return await callKnot(own, { ...task, nested });
}
