import { Context } from '@temporalio/activity';
import {
  Scheduler,
  inlineTerminals,
  packRanges,
  unpackEnds,
  wantedOutside,
  type Envelope,
} from '../scheduler';
import { childRunKnots, type Layout } from '../plan';
import { requiredRecords, type LoadedPlan } from '../runtime';
import type { BegunSegment, RunAnswer } from '../workflows/messages';
import type { RunLimits } from '../workflows/run-limits';
import { SegmentAttempt } from './attempts';
import { endRun, type EndParts } from './run-record';
import { SegmentRun, type SegmentParts } from './segment-run';
import type { ResolvedSegment } from './tasks';
import type { WorkerParts } from './worker-parts';

/** The interpreter's first command, if it is one segment and nothing else. */
export function firstSegment(
  plan: LoadedPlan,
  layout: Layout,
  run: Pick<ResolvedSegment, 'runId' | 'temporalRunId' | 'reuse'>,
  parameters: readonly Envelope[],
  { childRunsFromEvents }: RunLimits,
): ResolvedSegment | undefined {
  const scheduler = new Scheduler<Envelope>(layout, {
    segments: true,
    apart: new Set(childRunKnots(layout, childRunsFromEvents)),
  });
  const [command, ...others] = scheduler.apply({ type: 'start', parameters });
  if (command?.type !== 'segment' || others.length > 0) return undefined;
  const { knots } = command;
  return {
    plan: plan.hash,
    ...run,
    knots: knots.map((knot) => layout.ids[knot]!),
    wanted: packRanges(wantedOutside(layout, knots)),
    parents: Object.fromEntries(parameters.map((envelope, index) => [layout.ids[index]!, envelope])),
  };
}

/**
 * @param isBegun an earlier attempt of the step recorded the run: its segment runs here, or was lost with its worker
 */
export async function beginSegment(
  environment: SegmentParts & Pick<WorkerParts, 'begunSegments'>,
  plan: LoadedPlan,
  task: ResolvedSegment,
  isBegun: boolean,
): Promise<BegunSegment> {
  const { begunSegments } = environment;
  const size = task.knots.length;
  if (!begunSegments.has(task.temporalRunId)) {
    if (isBegun) return { size, lost: true };
    const attempt = new SegmentAttempt(Context.current(), task);
    begunSegments.begin(task, new SegmentRun(environment, attempt, plan));
  }
  const answer = await begunSegments.soon(task.temporalRunId);
  return { size, ...(answer && { answer }) };
}

/**
 * Ends the record of a run that consisted only of the first segment, with each knot Ok. Returns undefined for a run of
 * more than that segment, and if a record is missing.
 */
export async function answerOfWholeRun(
  environment: EndParts,
  plan: string,
  layout: Layout,
  parameters: readonly Envelope[],
  { size, answer }: BegunSegment,
): Promise<RunAnswer | undefined> {
  const isWhole = size === layout.size - layout.parameterCount;
  if (!answer || !isWhole || !unpackEnds(answer.ends, size).every((end) => end === 'ok')) return undefined;
  const { runId } = Context.current().info.workflowExecution!;
  const status = 'succeeded';
  const counts = { ok: layout.size, err: 0, skipped: 0 };
  const required = await requiredRecords(environment.backends.runHistory, runId, layout);
  const record = await endRun(environment, runId, { status, counts }, required);
  if (record === undefined) return undefined;
  const terminals = inlineTerminals(layout, (knot) => {
    const envelope = parameters[knot] ?? answer.values[layout.ids[knot]!];
    return envelope && { envelope, bytes: Buffer.byteLength(JSON.stringify(envelope)) };
  });
  return { status, counts, plan, record, terminals };
}
