import { ApplicationFailure, ChildWorkflowFailure, TerminatedFailure } from '@temporalio/common';
import { nestedRunId } from '../plan';
import type { KnotAnswer } from '../scheduler';
import { messageText } from '../errors';
import { failTaskIfUnknown, localFirst } from './system-calls';
import { holdDispatch } from './history-budget';
import { callKnot } from './knot-activity';
import { childRun } from './knot-run';
import { isCancellation } from './cancellation';
import { startChildRun } from './start-child-run';
import type { ChildWorld } from './world';
import {
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

/**
 * The child run of a knot that runs another tapestry as a run of its own. After that run, the knot's activity reads its
 * values from its records.
 */
export async function runSubTapestry(world: ChildWorld, child: ChildTask): Promise<void> {
  await childRun(world, child, async () => {
    const ended = await run(world, child, await runToStart(world, child), 1);
    return await callKnot(world, ownCall(child), { ...child.task, nested: ended }, child.limits);
  });
}

export interface LoopContinuation {
  readonly iteration: number;
  readonly run: NestResult;
}

/** The child run of a loop, which continues as new by itself: repeats its step until the knot's activity ends it. */
export async function runLoop(
  world: ChildWorld,
  child: ChildTask,
  continuation?: LoopContinuation,
): Promise<void> {
  await childRun(world, child, async () => {
    let nested = continuation?.run ?? (await runToStart(world, child));
    const first = continuation?.iteration ?? 1;
    for (let iteration = first; ; iteration++) {
      // Each execution has an iteration. At its start, it may not have heard yet of a cancel that has already come.
      if (iteration > first && isHistoryLong(world, child))
        return await world.continueAsNew(child, { iteration, run: nested });
      const ended = { ...(await run(world, child, nested, iteration)), iteration };
      const task = { ...child.task, nested: ended };
      const answer = await callKnot<KnotAnswer | NextIteration>(world, ownCall(child), task, child.limits);
      if (!('next' in answer)) return answer;
      nested = { ...nested, parameters: { ...nested.parameters, ...answer.next } };
    }
  });
}

/** The next execution would miss a cancel that this one has received. */
function isHistoryLong(world: ChildWorld, { limits }: ChildTask): boolean {
  const info = world.facts();
  const isLong = holdDispatch(limits, info) || info.continueAsNewSuggested;
  return isLong && !world.scope().consideredCancelled;
}

async function runToStart(world: ChildWorld, { knot, task }: ChildTask): Promise<NestResult> {
  const system = localFirst<{ [NEST_ACTIVITY](request: NestRequest): Promise<NestResult> }>(world);
  return await failTaskIfUnknown(world, () => system[NEST_ACTIVITY]({ task: { ...task, knot } }));
}

/** The run is on its parent's task queue: the knot's own queue is for the tapestry. */
function ownCall({ call: { taskQueue: _, ...call } }: ChildTask): KnotCall {
  return call;
}

/**
 * Runs the tapestry to its end. For the server, this child run is the parent of the tapestry's run: both are cancelled
 * together. If this child run ends without a message, the tapestry's run is asked to cancel itself, so that it settles
 * its own records. `number` counts the knot's runs from 1.
 */
async function run(
  world: ChildWorld,
  { call, knot, memo, task }: ChildTask,
  nested: NestResult,
  number: number,
): Promise<EndedRun> {
  const said: RunMemo = {
    ...memo,
    plan: nested.plan,
    trigger: 'knot',
    parentRunId: task.runId,
    parentTemporalRunId: task.temporalRunId,
    parentKnot: knot,
    ...(nested.traceparent !== undefined && { traceparent: nested.traceparent }),
  };
  const handle = await startChildRun(world, nested.tapestry, said, {
    workflowId: nestedRunId(world.facts().workflowId, number),
    args: [nested.parameters],
    parentClosePolicy: 'REQUEST_CANCEL',
    ...(call.taskQueue && { taskQueue: call.taskQueue }),
    ...(call.summary && { staticSummary: call.summary }),
  });
  const ended = { runId: handle.workflowId, temporalRunId: handle.firstExecutionRunId };
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
