import { Scheduler, packRanges, childRunKnots, wantedOutside, type Envelope, type Layout } from '../engine';
import type { LoadedPlan } from '../execution';
import type { RunLimits } from '../workflows/run-limits';
import type { ResolvedSegment } from './knot-attempt';

/** What the interpreter will send out first, if that is one segment and nothing else. */
export function firstSegment(
  plan: LoadedPlan,
  layout: Layout,
  run: Pick<ResolvedSegment, 'runId' | 'recordRun' | 'reuse'>,
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
