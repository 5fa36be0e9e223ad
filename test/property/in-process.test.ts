import fc from 'fast-check';
import { knot, optional, runLocally, tapestry, type Knot, type Outcome } from '../../src';
import { arbitraryGraph, arbitraryPolicies, type Graph, type Policies } from '../support/arbitrary-graph';
import { interpret, type ReferenceOutcome } from '../../src/testing/simulator/reference-interpreter';

interface Scenario extends Graph {
  /** By knot: how often its body throws before it succeeds; more often than it may: it fails. */
  readonly throws: readonly number[];
  /** By knot: after how many turns of the event loop its body ends. */
  readonly turns: readonly number[];
  readonly policies: readonly Policies[];
}

const ATTEMPTS = 3;

const arbitraryScenario: fc.Arbitrary<Scenario> = arbitraryGraph(16).chain(({ parentsOf, parameters }) => {
  const each = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.array(arbitrary, { minLength: parentsOf.length, maxLength: parentsOf.length });
  return fc.record({
    parentsOf: fc.constant(parentsOf),
    parameters: fc.constant(parameters),
    throws: each(fc.constantFrom(0, 0, 0, 0, 1, 2, ATTEMPTS)),
    turns: each(fc.nat(3)),
    policies: arbitraryPolicies(parentsOf.length),
  });
});

const anything = {
  '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
};
const idOf = (index: number): string => `k${String(index).padStart(3, '0')}`;

/** The body's value is a list of all that went into it, so that a wrong input anywhere shows in all that follows. */
const step = knot(
  'step',
  async (
    { throws, turns, ...parents }: { throws: number; turns: number; [parent: string]: unknown },
    ctx,
  ) => {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (ctx.attempt <= throws) throw new Error(`throw ${ctx.attempt} of ${ctx.knotId}`);
    return [ctx.knotId, ...Object.values(parents)].join(' ').slice(0, 500);
  },
);

const receive = knot(
  'receive',
  { receives: 'outcomes' },
  async (
    {
      throws,
      turns,
      ...parents
    }: { throws: Outcome<number>; turns: Outcome<number>; [parent: string]: Outcome },
    ctx,
  ) => {
    for (let turn = 0; turn < valueIn(turns); turn++) await new Promise((resolve) => setImmediate(resolve));
    if (ctx.attempt <= valueIn(throws)) throw new Error(`throw ${ctx.attempt} of ${ctx.knotId}`);
    return [ctx.knotId, ...Object.values(parents).map(told)].join(' ').slice(0, 500);
  },
);

const maybeStep = optional(step);
const maybeReceive = optional(receive);

const valueIn = (outcome: Outcome<number>): number => (outcome.kind === 'ok' ? outcome.value : NaN);

/** An outcome as it is told to a body that receives it. */
function told(outcome: Outcome): unknown {
  if (outcome.kind === 'ok') return outcome.value;
  return outcome.kind === 'err' ? outcome.error.type : `skipped: ${outcome.reason}`;
}

function tapestryFor(scenario: Scenario) {
  return tapestry('random', (t) => {
    const knots: Knot<unknown>[] = [];
    scenario.parentsOf.forEach((parents, index) => {
      if (index < scenario.parameters) {
        knots.push(t.parameter(`p${index}`, anything));
        return;
      }
      const inputs = Object.fromEntries(parents.map((parent) => [idOf(parent), knots[parent]!]));
      const retry = { maximumAttempts: ATTEMPTS, initialInterval: 1, backoffCoefficient: 1 };
      const config = { throws: scenario.throws[index]!, turns: scenario.turns[index]! };
      const { errorPolicy, optional: isOptional } = scenario.policies[index]!;
      const placed = { id: idOf(index), retry };
      const [place, placeReceiver] = isOptional ? [maybeStep, maybeReceive] : [step, receive];
      knots.push(
        errorPolicy === 'receiveErrors'
          ? placeReceiver({ ...inputs, ...config }, placed)
          : place({ ...inputs, ...config }, { ...placed, errorPolicy: errorPolicy! }),
      );
    });
  });
}

const parametersFor = ({ parameters }: Scenario): Record<string, string> =>
  Object.fromEntries(Array.from({ length: parameters }, (_, index) => [`p${index}`, `value ${index}`]));

async function run(scenario: Scenario, concurrency: number) {
  const { outcomes, outputs, lineage, status } = await runLocally(
    tapestryFor(scenario) as never,
    parametersFor(scenario),
    { concurrency },
  );
  const hashes = Object.fromEntries(
    lineage.map((record) => [
      record.knot_id,
      [record.output_hash, record.parent_input_hashes, record.knot_config_hash],
    ]),
  );
  return { outcomes, outputs, status, hashes, lineage };
}

const nameOf = (scenario: Scenario, index: number): string =>
  index < scenario.parameters ? `param:p${index}` : idOf(index);

/** What the reference interpreter says of each knot, by id. */
function expectedOf(scenario: Scenario): Record<string, ReferenceOutcome> {
  const failing = new Set(scenario.throws.flatMap((throws, index) => (throws >= ATTEMPTS ? [index] : [])));
  const policies = scenario.policies.map(({ errorPolicy }) => errorPolicy);
  const { outcomes } = interpret({
    ...scenario,
    policies,
    failing,
    window: 500,
    choose: (running) => running[0]!,
  });
  return Object.fromEntries(outcomes.map((outcome, index) => [nameOf(scenario, index), outcome]));
}

function kindOf(outcome: Outcome): string {
  if (outcome.kind === 'skipped') return `skipped: ${outcome.reason}`;
  const isOfParents = outcome.kind === 'err' && outcome.error.type === 'RequireAllParents';
  return isOfParents ? 'err: RequireAllParents' : outcome.kind;
}

/** The values by plain recursion over the graph; of a knot without one, what its children are told. */
function valuesOf(scenario: Scenario, expected: Record<string, ReferenceOutcome>): string[] {
  const values: string[] = [];
  scenario.parentsOf.forEach((parents, index) => {
    const outcome = expected[nameOf(scenario, index)]!;
    const inputs = [...parents].sort((a, b) => a - b).map((parent) => values[parent]!);
    const { optional } = scenario.policies[index]!;
    if (outcome.startsWith('skipped')) values.push(outcome);
    else if (outcome !== 'ok')
      values.push(optional ? 'skipped: optional' : (outcome.split(': ')[1] ?? 'Error'));
    else if (index < scenario.parameters) values.push(`value ${index}`);
    else values.push([idOf(index), ...inputs].join(' ').slice(0, 500));
  });
  return values;
}

test('a run in process comes to what the reference interpreter says, at any concurrency, with equal hashes', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryScenario, fc.integer({ min: 1, max: 6 }), async (scenario, concurrency) => {
      const expected = expectedOf(scenario);
      const values = valuesOf(scenario, expected);
      const { outcomes, outputs, status, lineage, hashes } = await run(scenario, concurrency);
      const kinds = Object.fromEntries(
        Object.entries(outcomes).map(([id, outcome]) => [id, kindOf(outcome)]),
      );
      expect(kinds).toEqual(expected);
      const hasFailed = scenario.parentsOf.some(
        (_, index) =>
          expected[nameOf(scenario, index)]!.startsWith('err') && !scenario.policies[index]!.optional,
      );
      expect(status).toBe(hasFailed ? 'failed' : 'succeeded');
      scenario.parentsOf.forEach((_, index) => {
        const id = nameOf(scenario, index);
        expect(outputs[id]).toBe(expected[id] === 'ok' ? values[index] : undefined);
      });
      expect(lineage.map((record) => record.knot_id).sort()).toEqual(Object.keys(expected).sort());
      for (const { outcome, attempt, knot_id: id } of lineage) {
        const throws = scenario.throws[Number(id.slice(1))] ?? 0;
        if (id.startsWith('param:')) expect(attempt).toBe(1);
        else if (outcome === 'ok') expect(attempt).toBe(throws + 1);
        else expect(attempt).toBe(expected[id] === 'err' ? ATTEMPTS : 0);
      }
      expect((await run(scenario, 500)).hashes).toEqual(hashes);
    }),
    { numRuns: 60 },
  );
});
