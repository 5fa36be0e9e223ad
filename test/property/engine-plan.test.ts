import fc from 'fast-check';
import {
  compile,
  decodeLayout,
  encodeLayout,
  layoutOf,
  readPlan,
  uniqueParents,
  type Plan,
} from '../../src/plan';
import type { ReadKnotOptions, TapestryRecord } from '../../src/authoring/records';
import { arbitraryGraph, type Graph } from '../support/arbitrary-graph';
import {
  addKnot,
  addParameter,
  constant,
  definition,
  emptyTapestry,
  parent,
} from '../support/tapestry-records';

interface Wired extends Graph {
  readonly definitions: readonly number[];
  readonly constants: readonly number[];
  readonly options: readonly ReadKnotOptions[];
  readonly terminals: readonly number[] | undefined;
}

const arbitraryOptions: fc.Arbitrary<ReadKnotOptions> = fc.record(
  {
    timeout: fc.constantFrom(1_000, 60_000),
    cancelGrace: fc.constantFrom(5_000, 10_000),
    retry: fc.constantFrom({ maximumAttempts: 1 }, { maximumAttempts: 5, initialInterval: 100 }),
    dispatcher: fc.constantFrom({ kind: 'queue' as const }, { kind: 'queue' as const, taskQueue: 'gpu' }),
    onCodeChange: fc.constantFrom('run' as const, 'wait' as const),
    summary: fc.string({ unit: 'grapheme', maxLength: 120 }),
  },
  { requiredKeys: [] },
);

const arbitraryWired: fc.Arbitrary<Wired> = arbitraryGraph().chain((graph) => {
  const size = graph.parentsOf.length;
  const perKnot = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: size, maxLength: size });
  return fc.record({
    parentsOf: fc.constant(graph.parentsOf),
    parameters: fc.constant(graph.parameters),
    definitions: perKnot(fc.integer({ min: 0, max: 3 })),
    constants: perKnot(fc.integer({ min: 0, max: 2 })),
    options: perKnot(arbitraryOptions),
    terminals: fc.option(
      fc.uniqueArray(fc.integer({ min: 0, max: size - 1 }), { minLength: 1, maxLength: 4 }),
      {
        nil: undefined,
      },
    ),
  });
});

function wire(wired: Wired, turnInputs: boolean): TapestryRecord {
  const tapestry = emptyTapestry();
  const definitions = [0, 1, 2, 3].map((number) => definition(`step${number}`));
  const knots = wired.parentsOf.map(() => addParameter(emptyTapestry(), 'unset'));
  wired.parentsOf.forEach((list, index) => {
    if (index < wired.parameters) {
      knots[index] = addParameter(tapestry, `p${index}`);
      return;
    }
    const inputs = [
      ...list.map((from, place) => [`in${place}`, parent(knots[from]!)] as const),
      ['factor', constant(wired.constants[index])] as const,
    ];
    const given = Object.fromEntries(turnInputs ? inputs.reverse() : inputs);
    knots[index] = addKnot(
      tapestry,
      `k${index}`,
      definitions[wired.definitions[index]!]!,
      given,
      wired.options[index],
    );
  });
  tapestry.terminals =
    wired.terminals && new Map(wired.terminals.map((index) => [`t${index}`, knots[index]!]));
  return tapestry;
}

/** All that a knot needs, found by going from parent to parent. */
function ancestors(plan: Plan, knots: readonly number[]): Set<number> {
  const found = new Set<number>();
  const visit = (knot: number): void => {
    found.add(knot);
    uniqueParents(plan.knots[knot]!).forEach(visit);
  };
  knots.forEach(visit);
  return found;
}

test('equal tapestries have equal plans, whatever the order in which inputs are given', () => {
  fc.assert(
    fc.property(arbitraryWired, (wired) => {
      const { text, hash } = compile(wire(wired, false));
      expect(compile(wire(wired, true))).toMatchObject({ text, hash });
    }),
  );
});

test('a plan that is read back is the plan that was compiled, down to the order of parents', () => {
  fc.assert(
    fc.property(arbitraryWired, (wired) => {
      const { plan, text } = compile(wire(wired, true));
      const back = readPlan(text);
      expect(back).toEqual(plan);
      expect(back.knots.map(uniqueParents)).toEqual(plan.knots.map(uniqueParents));
    }),
  );
});

test('a layout survives its encoding', () => {
  fc.assert(
    fc.property(arbitraryWired, (wired) => {
      const layout = layoutOf(compile(wire(wired, false)).plan);
      expect(decodeLayout(encodeLayout(layout))).toEqual(layout);
    }),
  );
});

test('a layout for some terminals has exactly what these need, wired as in the plan', () => {
  fc.assert(
    fc.property(arbitraryWired, fc.nat(), (wired, pick) => {
      const { plan } = compile(wire(wired, false));
      const [name, terminal] = plan.terminals[pick % plan.terminals.length]!;
      const layout = layoutOf(plan, [name]);
      const needed = [...ancestors(plan, [terminal])].sort((a, b) => a - b);
      expect(layout.ids).toEqual(needed.map((knot) => plan.knots[knot]!.id));
      expect([...layout.terminals].map((knot) => layout.ids[knot])).toEqual([plan.knots[terminal]!.id]);
      needed.forEach((knot, index) => {
        const { parents, parentStart } = layout;
        const ids = [...parents.slice(parentStart[index], parentStart[index + 1])].map(
          (from) => layout.ids[from],
        );
        expect(ids).toEqual(uniqueParents(plan.knots[knot]!).map((from) => plan.knots[from]!.id));
      });
    }),
  );
});
