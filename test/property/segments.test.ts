import fc from 'fast-check';
import { compile, layoutOf, type Layout } from '../../src/plan';
import { arbitraryGraph, arbitraryPolicies, type Graph, type Policies } from '../support/arbitrary-graph';
import { interpret, type ReferenceOutcome } from '../../src/testing/simulator/reference-interpreter';
import { SchedulerHost, errorPoliciesIn, parentsIn } from '../support/scheduler-host';
import { localWhere, tapestryOf } from '../support/tapestry-records';
import { runs } from '../support/thorough';

interface Scenario extends Graph {
  readonly policies: readonly Policies[];
  readonly failing: readonly boolean[];
  readonly local: readonly boolean[];
  readonly window: number;
  readonly segmentSize: number;
  /** Decide what ends next, how far a segment gets, and which of its knots go alone. */
  readonly choices: readonly number[];
}

const arbitraryScenario: fc.Arbitrary<Scenario> = arbitraryGraph().chain((graph) => {
  const perKnot = (dice: fc.Arbitrary<boolean>): fc.Arbitrary<boolean[]> =>
    fc.array(dice, { minLength: graph.parentsOf.length, maxLength: graph.parentsOf.length });
  return fc.record({
    parentsOf: fc.constant(graph.parentsOf),
    parameters: fc.constant(graph.parameters),
    policies: arbitraryPolicies(graph.parentsOf.length),
    failing: perKnot(fc.integer({ min: 0, max: 5 }).map((dice) => dice === 0)),
    local: perKnot(fc.integer({ min: 0, max: 3 }).map((dice) => dice > 0)),
    window: fc.integer({ min: 1, max: 4 }),
    segmentSize: fc.integer({ min: 1, max: 12 }),
    choices: fc.array(fc.nat(1000), { minLength: 1, maxLength: 24 }),
  });
});

const arbitraryMoments = fc.uniqueArray(fc.integer({ min: 0, max: 24 }), { maxLength: 6 });

function layoutFor({ parentsOf, parameters, local, policies }: Scenario): Layout {
  const options = localWhere((knot) => local[knot]!);
  return layoutOf(
    compile(tapestryOf(parentsOf, parameters, (knot) => ({ ...options(knot), ...policies[knot]! }))).plan,
  );
}

const failingIn = (layout: Layout, { failing }: Scenario): Set<number> =>
  new Set(layout.ids.map((_, knot) => knot).filter((knot) => failing[knot]));

/**
 * What a segment comes to that gets as far as `steps` knots: children after parents; those of failed ones only where they receive
 * what these came to. What is skipped, or fails for its parents, is not told.
 */
function workOff(
  layout: Layout,
  members: readonly number[],
  failing: ReadonlySet<number>,
  steps: number,
): Map<number, 'ok' | 'err'> {
  const policies = errorPoliciesIn(layout);
  const ends = new Map<number, 'ok' | 'err'>();
  const unrun = new Set<number>();
  for (const knot of members) {
    if (ends.size >= steps) break;
    const inside = parentsIn(layout, knot).filter((parent) => members.includes(parent));
    if (!inside.every((parent) => ends.has(parent) || unrun.has(parent))) continue;
    const isRunnable =
      policies[knot] === 'receiveErrors' || inside.every((parent) => ends.get(parent) === 'ok');
    if (isRunnable) ends.set(knot, failing.has(knot) ? 'err' : 'ok');
    else unrun.add(knot);
  }
  return ends;
}

/** Ends what runs, knots and segments, in the order that the choices say, until the run is over. */
function runToEnd(
  layout: Layout,
  scenario: Scenario,
  between: (host: SchedulerHost, ended: number) => void = () => undefined,
): SchedulerHost {
  const host = new SchedulerHost(layout, scenario.window, scenario.segmentSize);
  const failing = failingIn(layout, scenario);
  const choice = (place: number): number => scenario.choices[place % scenario.choices.length]!;
  host.start();
  for (let ended = 0; ; ended++) {
    between(host, ended);
    const running = [...host.segments, ...host.running];
    if (running.length === 0) return host;
    const next = running[choice(ended) % running.length]!;
    if (typeof next === 'number') {
      host.end(next, failing.has(next) ? 'err' : 'ok');
      continue;
    }
    // Most segments get to their end; the others give something back, and where they have done nothing, to go alone.
    const steps = choice(ended + 1) % 3 === 0 ? choice(ended + 2) % (next.length + 1) : next.length;
    const ends = workOff(layout, next, failing, steps);
    const rest = next.filter((knot) => !ends.has(knot));
    const alone = ends.size === 0 ? rest : rest.filter((_, index) => choice(ended + index) % 4 === 0);
    host.endSegment(next, ends, alone);
  }
}

const expectedOf = (layout: Layout, scenario: Scenario): readonly ReferenceOutcome[] =>
  interpret({
    parentsOf: layout.ids.map((_, knot) => parentsIn(layout, knot)),
    parameters: layout.parameterCount,
    policies: errorPoliciesIn(layout),
    failing: failingIn(layout, scenario),
    window: scenario.window,
    choose: (running) => running[0]!,
  }).outcomes;

test('with any knots local, any order, any sizes and anything given back, a run comes to what the reference interpreter says', () => {
  fc.assert(
    fc.property(arbitraryScenario, (scenario) => {
      const layout = layoutFor(scenario);
      expect(runToEnd(layout, scenario).result()).toEqual(expectedOf(layout, scenario));
    }),
    { numRuns: runs(400, 1_000) },
  );
});

test('saving and restoring at any moments, with segments running and knots given back, changes nothing', () => {
  fc.assert(
    fc.property(arbitraryScenario, arbitraryMoments, (scenario, splits) => {
      const layout = layoutFor(scenario);
      const host = runToEnd(layout, scenario, (at, ended) => {
        if (splits.includes(ended)) at.split();
      });
      expect(host.result()).toEqual(expectedOf(layout, scenario));
    }),
    { numRuns: runs(200, 500) },
  );
});

test('while it is held no segment starts, and afterwards the run comes to the same', () => {
  fc.assert(
    fc.property(arbitraryScenario, arbitraryMoments, (scenario, holds) => {
      const layout = layoutFor(scenario);
      let isHeld = false;
      const host = runToEnd(layout, scenario, (at, ended) => {
        if (isHeld && (ended % 2 === 0 || at.running.length + at.segments.length === 0)) {
          isHeld = false;
          at.apply({ type: 'release' });
        } else if (!isHeld && holds.includes(ended) && at.running.length + at.segments.length > 0) {
          isHeld = true;
          at.apply({ type: 'hold' });
        }
      });
      expect(host.result()).toEqual(expectedOf(layout, scenario));
    }),
    { numRuns: runs(150, 300) },
  );
});

test('a cancelled run skips all that no segment and no body has ended, also when it is restored', () => {
  fc.assert(
    fc.property(arbitraryScenario, fc.nat(10), fc.boolean(), (scenario, cancelAfter, isSplit) => {
      const layout = layoutFor(scenario);
      const expected = expectedOf(layout, scenario);
      const host = runToEnd(layout, scenario, (at, ended) => {
        if (ended !== cancelAfter) return;
        at.apply({ type: 'cancel' });
        if (isSplit) at.split();
      });
      host.result().forEach((outcome, knot) => {
        if (outcome !== 'skipped: cancelled' && outcome !== expected[knot])
          throw new Error(`Knot ${knot} came to ${outcome} and not to ${expected[knot]}.`);
      });
    }),
    { numRuns: runs(800, 2_000) },
  );
});
