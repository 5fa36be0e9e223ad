import fc from 'fast-check';
import { compile, layoutOf, type Layout } from '../../src/plan';
import { arbitraryGraph, arbitraryPolicies, type Graph, type Policies } from '../support/arbitrary-graph';
import { interpret, type ReferenceRun } from '../../src/testing/simulator/reference-interpreter';
import { SchedulerHost, errorPoliciesIn, parentsIn } from '../support/scheduler-host';
import { tapestryOf } from '../support/tapestry-records';
import { runs } from '../support/thorough';

interface Scenario extends Graph {
  readonly policies: readonly Policies[];
  readonly failing: readonly boolean[];
  readonly window: number;
  /** Picks the knot that ends next. */
  readonly choices: readonly number[];
}

const arbitraryScenario: fc.Arbitrary<Scenario> = arbitraryGraph().chain((graph) =>
  fc.record({
    parentsOf: fc.constant(graph.parentsOf),
    parameters: fc.constant(graph.parameters),
    policies: arbitraryPolicies(graph.parentsOf.length),
    failing: fc.array(
      fc.integer({ min: 0, max: 5 }).map((dice) => dice === 0),
      { minLength: graph.parentsOf.length, maxLength: graph.parentsOf.length },
    ),
    window: fc.integer({ min: 1, max: 8 }),
    choices: fc.array(fc.nat(1000), { minLength: 1, maxLength: 24 }),
  }),
);

/** At these numbers of ended bodies something happens. */
const arbitraryMoments = fc.uniqueArray(fc.integer({ min: 0, max: 24 }), { maxLength: 6 });

const layoutFor = (scenario: Scenario): Layout =>
  layoutOf(
    compile(tapestryOf(scenario.parentsOf, scenario.parameters, (knot) => scenario.policies[knot]!)).plan,
  );

const chooserOf =
  ({ choices }: Scenario): ReferenceRun['choose'] =>
  (running, ended) =>
    running[choices[ended % choices.length]! % running.length]!;

function referenceOf(layout: Layout, scenario: Scenario, cancelAfter?: number): ReferenceRun {
  return {
    parentsOf: layout.ids.map((_, knot) => parentsIn(layout, knot)),
    parameters: layout.parameterCount,
    policies: errorPoliciesIn(layout),
    failing: failingIn(layout, scenario),
    window: scenario.window,
    choose: chooserOf(scenario),
    cancelAfter,
  };
}

const failingIn = (layout: Layout, { failing }: Scenario): Set<number> =>
  new Set(layout.ids.map((_, knot) => knot).filter((knot) => failing[knot]));

/** Runs to the end; `between` is called when so many bodies have ended. */
function runToEnd(
  layout: Layout,
  scenario: Scenario,
  between: (host: SchedulerHost, ended: number) => void,
): SchedulerHost {
  const host = new SchedulerHost(layout, scenario.window);
  const failing = failingIn(layout, scenario);
  const choose = chooserOf(scenario);
  host.start();
  for (let ended = 0; ; ended++) {
    between(host, ended);
    if (host.running.length === 0) return host;
    const knot = choose(host.running, ended);
    host.end(knot, failing.has(knot) ? 'err' : 'ok');
  }
}

test('a run comes to what the reference interpreter says, knot by knot and start by start, also when it is cancelled', () => {
  fc.assert(
    fc.property(arbitraryScenario, fc.option(fc.nat(24), { nil: undefined }), (scenario, cancelAfter) => {
      const layout = layoutFor(scenario);
      const expected = interpret(referenceOf(layout, scenario, cancelAfter));
      const host = runToEnd(layout, scenario, (at, ended) => {
        if (ended === cancelAfter) at.apply({ type: 'cancel' });
      });
      expect(host.result()).toEqual(expected.outcomes);
      expect(host.started).toEqual(expected.started);
    }),
    { numRuns: runs(200, 500) },
  );
});

test('saving, restoring and going on at any moments changes nothing, also before and after a cancel', () => {
  fc.assert(
    fc.property(
      arbitraryScenario,
      arbitraryMoments,
      fc.option(fc.nat(24), { nil: undefined }),
      (scenario, splits, cancelAfter) => {
        const layout = layoutFor(scenario);
        const expected = interpret(referenceOf(layout, scenario, cancelAfter));
        const host = runToEnd(layout, scenario, (at, ended) => {
          if (splits.includes(ended) && ended % 2 === 0) at.split();
          if (ended === cancelAfter) at.apply({ type: 'cancel' });
          if (splits.includes(ended) && ended % 2 === 1) at.split();
        });
        expect(host.result()).toEqual(expected.outcomes);
      },
    ),
    { numRuns: runs(200, 500) },
  );
});

test('the outcomes do not depend on the order in which bodies end, nor on the window', () => {
  fc.assert(
    fc.property(arbitraryScenario, arbitraryScenario, (scenario, other) => {
      const layout = layoutFor(scenario);
      const first = runToEnd(layout, scenario, () => undefined).result();
      const second = runToEnd(
        layout,
        { ...scenario, choices: other.choices, window: other.window },
        () => undefined,
      ).result();
      expect(second).toEqual(first);
    }),
    { numRuns: runs(150, 300) },
  );
});

test('while it is held a run starts nothing, and afterwards it comes to the same', () => {
  fc.assert(
    fc.property(arbitraryScenario, arbitraryMoments, (scenario, holds) => {
      const layout = layoutFor(scenario);
      const expected = interpret(referenceOf(layout, scenario));
      let heldSince: number | undefined;
      const host = runToEnd(layout, scenario, (at, ended) => {
        if (heldSince !== undefined) {
          expect(at.started.length).toBe(heldSince);
          if (ended % 3 !== 0 && at.running.length > 0) return;
          at.apply({ type: 'release' });
          heldSince = undefined;
        } else if (holds.includes(ended) && at.running.length > 0) {
          at.apply({ type: 'hold' });
          heldSince = at.started.length;
        }
      });
      expect(host.result()).toEqual(expected.outcomes);
    }),
    { numRuns: runs(150, 300) },
  );
});

test('a run that is extended at any moment, and any number of times, comes to what a run of the full plan comes to', () => {
  fc.assert(
    fc.property(
      arbitraryScenario,
      fc.array(fc.record({ size: fc.nat(24), moment: fc.nat(24) }), { maxLength: 4 }),
      arbitraryMoments,
      (scenario, stages, splits) => {
        const full = layoutFor(scenario);
        const sizes = stages
          .map(({ size }) => Math.min(full.size, scenario.parameters + 1 + size))
          .sort((one, other) => one - other);
        const [first, ...larger] = growing(scenario, [...sizes, full.size]);
        const waiting = stages
          .map(({ moment }) => moment)
          .sort((one, other) => one - other)
          .map((moment, index) => ({ moment, layout: larger[index]! }));
        const host = new SchedulerHost(first!, scenario.window);
        const failing = failingIn(full, scenario);
        host.start();
        for (let ended = 0; ; ended++) {
          if (splits.includes(ended)) host.split();
          // Also one that has come to its end goes on.
          while (waiting.length > 0 && (waiting[0]!.moment <= ended || host.running.length === 0))
            host.extend(waiting.shift()!.layout);
          if (host.running.length === 0) break;
          const knot = chooserOf(scenario)(host.running, ended);
          host.end(knot, failing.has(knot) ? 'err' : 'ok');
        }
        expect(host.result()).toEqual(interpret(referenceOf(full, scenario)).outcomes);
      },
    ),
    { numRuns: runs(200, 1_000) },
  );
});

/** Layouts of the first so many knots, each with the terminals of those before. */
function growing(scenario: Scenario, sizes: readonly number[]): Layout[] {
  const terminals = new Set<number>();
  return sizes.map((size) => {
    const layout = layoutFor({ ...scenario, parentsOf: scenario.parentsOf.slice(0, size) });
    for (const knot of layout.terminals) terminals.add(knot);
    return { ...layout, terminals: Uint32Array.from(terminals).sort() };
  });
}
