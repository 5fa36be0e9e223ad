import { ApplicationFailure, Context } from '@temporalio/activity';
import { SelvageError, isOfClass, type ErrorClass } from '../errors';
import {
  BEGIN_RUN_ACTIVITY,
  CHECK_ACTIVITY,
  EXTEND_ACTIVITY,
  FINISH_RUN_ACTIVITY,
  LAYOUT_ACTIVITY,
  LOOKUP_ACTIVITY,
  NEST_ACTIVITY,
  WAIT_ACTIVITY,
  type BeginRunRequest,
  type ExtendRequest,
  type FinishRunRequest,
  type LayoutRequest,
  type LookupRequest,
  type NestRequest,
  type SignalCheckRequest,
  type WaitRequest,
  type LookupResult,
  type WaitEnd,
} from '../workflows/messages';
import { reasonOf } from './backend-trouble';
import { beginRun, type BeginParts } from './begin-run';
import { extendRun } from './extend-run';
import { finishRun, type FinishParts } from './finish-run';
import { runToStart } from './nested-runs';
import { isRecordsLost } from './records-lost';
import { checkSignals } from './signals';
import type { Uses, WorkerParts } from './worker-parts';
import { packRanges, unpackRanges } from '../scheduler';
import { reuse, type ReuseParts } from './reuse';
import { executionOfStep } from './run-record';
import { unpackHash } from '../values';
import { assembleInputs, waitEnd, withReadInputs } from '../runtime';
import { findParents } from './parents';

export type SystemParts = BeginParts & FinishParts & Uses<'recentValues' | 'traces'>;

/** Classes of errors for which retrying a system activity is useless; for errors of `deploy`, a later deploy helps. */
const FINAL: readonly ErrorClass[] = ['mistake', 'input', 'deploy'];
/** Errors that refuse an extension. Waiting for a damaged fragment would hold up the whole run. */
const REFUSED_EXTENSION: readonly ErrorClass[] = ['mistake', 'input', 'damaged'];

/** The steps of a run that call no body. All are idempotent: Temporal may run these steps again at any time. */
export function createSystemActivities(
  environment: SystemParts,
): Record<string, (request: never) => Promise<unknown>> {
  return {
    [BEGIN_RUN_ACTIVITY]: (request: BeginRunRequest) => asFailure(beginRun(environment, request)),
    [NEST_ACTIVITY]: (request: NestRequest) =>
      asFailure(runToStart(environment, Context.current().info, request)),
    [LAYOUT_ACTIVITY]: (request: LayoutRequest) => asFailure(sliceOfLayout(environment, request)),
    [EXTEND_ACTIVITY]: (request: ExtendRequest) =>
      asFailure(extendRun(environment, request), REFUSED_EXTENSION),
    [LOOKUP_ACTIVITY]: (request: LookupRequest) => asFailure(lookUpReuse(environment, request)),
    [FINISH_RUN_ACTIVITY]: (request: FinishRunRequest) =>
      asFailure(finishRun(environment, Context.current().info, request)),
    [WAIT_ACTIVITY]: (request: WaitRequest) => asFailure(readWait(environment, request)),
    [CHECK_ACTIVITY]: (request: SignalCheckRequest) => asFailure(checkSignals(environment, request)),
  };
}

async function sliceOfLayout(
  { plans }: Pick<WorkerParts, 'plans'>,
  { plan, terminals, since, slice }: LayoutRequest,
): Promise<{ slices: number; layout: string }> {
  const slices = await plans.layoutSlices(plan, terminals, since);
  return { slices: slices.length, layout: slices[slice]! };
}

/** Puts any error's text into the failure: the server shows why the run waits, and the run why it failed. */
async function asFailure<T>(work: Promise<T>, final = FINAL): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isRecordsLost(error)) throw error;
    const { info, log } = Context.current();
    const { type, message } = reasonOf(error);
    // A local activity that waits for a deploy fails with its workflow task; any other activity is retried.
    const nonRetryable = isOfClass(error, ...final) && (info.isLocal || !isOfClass(error, 'deploy'));
    if (!nonRetryable)
      log.warn(`Run "${info.workflowExecution!.workflowId}" waits: ${message}`, { code: type });
    throw ApplicationFailure.create({
      message,
      type,
      nonRetryable,
      details: SelvageError.is(error) ? [error.details] : [],
    });
  }
}

/** Takes over other runs' values for ready knots, and for knots downstream. */
async function lookUpReuse(
  environment: ReuseParts & Pick<WorkerParts, 'clock' | 'identity' | 'plans'>,
  { plan: hash, terminals, temporalRunId, knots }: LookupRequest,
): Promise<LookupResult> {
  const plan = await environment.plans.get(hash);
  const graph = await environment.plans.layout(hash, terminals);
  const execution = executionOfStep(environment, Context.current().info, 0, temporalRunId);
  const options = { environment, plan, graph, execution, isUnderWay: true };
  const found = await reuse(options, new Map(), unpackRanges(knots));
  return { found: packRanges(found) };
}

/** Reads the end of a wait whose duration or time is a value of the run. */
async function readWait(environment: SystemParts, { task, now }: WaitRequest): Promise<WaitEnd> {
  const plan = await environment.plans.get(unpackHash(task.plan)!);
  const knot = plan.knot(task.knot);
  const { workflowId } = Context.current().info.workflowExecution!;
  const parents = await findParents(environment, plan, knot, {
    plan: plan.hash,
    runId: task.runId ?? workflowId,
    temporalRunId: task.temporalRunId,
    knot: knot.id,
    parents: task.parents,
  });
  const reading = withReadInputs(knot);
  const inputs = assembleInputs(reading, 'values', await parents.read(reading, 'values'));
  return { until: waitEnd(knot, inputs, now)! };
}
