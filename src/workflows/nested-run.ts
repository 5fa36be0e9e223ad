import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  ParentClosePolicy,
  TerminatedFailure,
  continueAsNew,
  isCancellation,
  proxyLocalActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { nestedRunId, type KnotAnswer } from '../engine';
import { messageText } from '../errors';
import { SYSTEM_ACTIVITY_OPTIONS, failTaskIfUnknown } from './system-calls';
import { holdDispatch } from './history-budget';
import { callKnot } from './knot-activity';
import { childRun } from './knot-run';
import {
  MEMO_KEY,
  NEST_ACTIVITY,
  type ChildTask,
  type EndedRun,
  type KnotCall,
  type NestRequest,
  type NestResult,
  type NextIteration,
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
    const ended = await run(child, await runToStart(child), 1);
    return await callKnot(ownCall(child), { ...child.task, nested: ended }, child.limits);
  });
}

/** What one execution of a loop hands to the next. */
export interface LoopContinuation {
  /** The next one. */
  readonly iteration: number;
  readonly run: NestResult;
}

/**
 * The child run of a loop: runs its step, and asks the knot's activity what comes of that, until it is over. It continues as new by itself where
 * its history has grown.
 */
export async function runLoop(child: ChildTask, continuation?: LoopContinuation): Promise<void> {
  await childRun(child, async () => {
    let nested = continuation?.run ?? (await runToStart(child));
    for (let iteration = continuation?.iteration ?? 1; ; iteration++) {
      if (isHistoryLong(child)) return await continueAsNew<typeof runLoop>(child, { iteration, run: nested });
      const ended = { ...(await run(child, nested, iteration)), iteration };
      const task = { ...child.task, nested: ended };
      const answer = await callKnot<KnotAnswer | NextIteration>(ownCall(child), task, child.limits);
      if (!('next' in answer)) return answer;
      nested = { ...nested, parameters: { ...nested.parameters, ...answer.next } };
    }
  });
}

/** The next execution would not hear of a cancel that has come to this one. */
function isHistoryLong({ limits }: ChildTask): boolean {
  const info = workflowInfo();
  const isLong = holdDispatch(limits, info) || info.continueAsNewSuggested;
  return isLong && !CancellationScope.current().consideredCancelled;
}

async function runToStart({ knot, task }: ChildTask): Promise<NestResult> {
  return await failTaskIfUnknown(() => system[NEST_ACTIVITY]({ task: { ...task, knot } }));
}

/** The knot's activity runs where its run's other activities do: the queue that it names is that of the tapestry. */
function ownCall({ call: { taskQueue: _, ...call } }: ChildTask): KnotCall {
  return call;
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
