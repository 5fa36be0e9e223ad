import { SLICES_PER_TASK, decodeLayout, type Layout } from '../plan';
import { packRanges, unpackRanges } from '../scheduler';
import { NEWEST_BEHAVIOUR, requireKnownBehaviour } from './behaviours';
import type { Continuation } from './carried-over';
import type { ExtendedLayout, WantedExtension } from './extensions';
import {
  BEGIN_RUN_ACTIVITY,
  EXTEND_ACTIVITY,
  LAYOUT_ACTIVITY,
  LOOKUP_ACTIVITY,
  type BeginRunResult,
  type LayoutRequest,
  type RunAnswer,
  type RunMemo,
} from './messages';
import type { RunLimits } from './run-limits';
import { failTaskIfUnknown, systemOf, type SystemActivities } from './system-calls';
import type { World } from './world';

export interface Start {
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly plan: string;
  readonly layout: Layout;
  readonly parameters: BeginRunResult['parameters'];
  readonly takenOver: readonly number[];
  readonly segment?: BeginRunResult['segment'];
}

/** The first step of a run: pins its plan. Returns the workflow's result if the step completed the run. */
export async function beginRun(
  world: World,
  parameters: unknown,
  memo: RunMemo,
): Promise<Start | { readonly answer: RunAnswer }> {
  const begun = await failTaskIfUnknown(world, () =>
    systemOf(world)[BEGIN_RUN_ACTIVITY]({
      ...memo,
      behaviour: NEWEST_BEHAVIOUR,
      // With a deadline, the clock must be read before anything begins.
      beginSegment: memo.deadline === undefined,
      parameters: parameters ?? {},
    }),
  );
  requireKnownBehaviour(begun.behaviour);
  if ('answer' in begun) return { answer: begun.answer };
  const layout = await loadLayout(world, begun.plan, memo, begun);
  return {
    behaviour: begun.behaviour,
    limits: begun.limits,
    plan: begun.plan,
    layout,
    parameters: begun.parameters,
    takenOver: unpackRanges(begun.takenOver ?? []),
    ...(begun.segment && { segment: begun.segment }),
  };
}

/** An execution that continues an earlier one reads only the layout: its plan is pinned. */
export async function reload(world: World, continuation: Continuation, memo: RunMemo): Promise<Start> {
  requireKnownBehaviour(continuation.behaviour);
  const first = await failTaskIfUnknown(world, () =>
    systemOf(world)[LAYOUT_ACTIVITY](layoutRequest(continuation.plan, memo, 0)),
  );
  const layout = await loadLayout(world, continuation.plan, memo, first);
  return {
    behaviour: continuation.behaviour,
    limits: continuation.limits,
    plan: continuation.plan,
    layout,
    parameters: [],
    takenOver: [],
  };
}

/** Looks up values of other runs, and returns the knots that are Ok by them. A cancel waits for the quick lookup. */
export async function lookUp(
  world: World,
  amid: SystemActivities,
  plan: string,
  memo: RunMemo,
  temporalRunId: string,
  knots: readonly number[],
): Promise<readonly number[]> {
  const { found } = await world.shielded(() =>
    failTaskIfUnknown(world, () =>
      amid[LOOKUP_ACTIVITY]({
        plan,
        ...(memo.terminals && { terminals: memo.terminals }),
        temporalRunId,
        knots: packRanges(knots),
      }),
    ),
  );
  return unpackRanges(found);
}

async function loadLayout(
  world: World,
  plan: string,
  memo: RunMemo,
  first: { slices: number; layout: string },
): Promise<Layout> {
  return decodeLayout(await loadSlices(world, systemOf(world), layoutRequest(plan, memo, 0), first));
}

async function loadSlices(
  world: World,
  { [LAYOUT_ACTIVITY]: readSlice }: SystemActivities,
  request: LayoutRequest,
  first: { slices: number; layout: string },
): Promise<string[]> {
  const slices = [first.layout];
  for (let slice = 1; slice < first.slices; slice++) {
    // Results of local activities are commands of the task. A timer ends the workflow task, and so the message.
    if (slice % SLICES_PER_TASK === 0) await world.sleep(1);
    const { layout } = await failTaskIfUnknown(world, () => readSlice({ ...request, slice }));
    slices.push(layout);
  }
  return slices;
}

function layoutRequest(plan: string, memo: RunMemo, slice: number): LayoutRequest {
  return { plan, slice, ...(memo.terminals && { terminals: memo.terminals }) };
}

/** A worker extends the plan; then the additions to the layout are read. */
export async function makeExtension(
  world: World,
  amid: SystemActivities,
  wanted: WantedExtension,
  present: Layout,
  memo: RunMemo,
): Promise<ExtendedLayout> {
  const { terminals } = memo;
  const made = await failTaskIfUnknown(world, () =>
    amid[EXTEND_ACTIVITY]({ ...wanted, ...(terminals && { terminals }) }),
  );
  const { plan } = made;
  if (made.slices === 0) return { plan, layout: present, bytes: 0 };
  const request = { ...layoutRequest(plan, memo, 0), since: wanted.plan };
  const slices = await loadSlices(world, amid, request, made);
  const bytes = slices.reduce((sum, { length }) => sum + length, 0);
  return { plan, layout: decodeLayout(slices, present), bytes };
}
