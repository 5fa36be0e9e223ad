import fc from 'fast-check';
import { branch, firstOk, gate, knot, local, optional, tapestry, type Knot, type Outcome } from '../../src';
import { simulate } from '../../src/testing';
import { arbitraryGraph, arbitraryPolicies, type Graph, type Policies } from '../support/arbitrary-graph';

interface Scenario extends Graph {
  /** By knot. */
  readonly local: readonly boolean[];
  readonly attempts: readonly number[];
  readonly policies: readonly Policies[];
  /** What a knot is, if it has parents to be that of. */
  readonly kinds: readonly ('step' | 'gate' | 'firstOk' | 'branch')[];
  readonly failing: readonly boolean[];
}

const arbitraryScenario: fc.Arbitrary<Scenario> = arbitraryGraph(10).chain(({ parentsOf, parameters }) => {
  const each = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc.array(arbitrary, { minLength: parentsOf.length, maxLength: parentsOf.length });
  return fc.record({
    parentsOf: fc.constant(parentsOf),
    parameters: fc.constant(parameters),
    local: each(fc.boolean()),
    attempts: each(fc.constantFrom(1, 1, 2, 3)),
    policies: arbitraryPolicies(parentsOf.length),
    kinds: each(fc.constantFrom('step', 'step', 'step', 'step', 'gate', 'firstOk', 'branch')),
    failing: each(fc.integer({ min: 0, max: 6 }).map((dice) => dice === 0)),
  });
});

const anything = {
  '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
};

const idOf = (index: number): string => `k${String(index).padStart(3, '0')}`;

/** The body's value is a list of all that went into it, so that a wrong input anywhere shows in all that follows. */
const step = knot('step', ({ fails, ...parents }: { fails: boolean; [parent: string]: unknown }, ctx) => {
  if (fails) throw new Error(`${ctx.knotId} fails`);
  return [ctx.knotId, ...Object.values(parents)].join(' ').slice(0, 200);
});

const receive = knot(
  'receive',
  { receives: 'outcomes' },
  ({ fails, ...parents }: { fails: Outcome<boolean>; [parent: string]: Outcome }, ctx) => {
    if (fails.kind === 'ok' && fails.value) throw new Error(`${ctx.knotId} fails`);
    return [ctx.knotId, ...Object.values(parents).map(told)].join(' ').slice(0, 200);
  },
);

const maybeStep = optional(step);
const maybeReceive = optional(receive);

function told(outcome: Outcome): unknown {
  if (outcome.kind === 'ok') return outcome.value;
  if (outcome.kind === 'err') return `${outcome.error.type}: ${outcome.error.message}`;
  return JSON.stringify(outcome);
}

const isEven = (value: unknown): boolean => String(JSON.stringify(value)).length % 2 === 0;

function tapestryFor(scenario: Scenario) {
  return tapestry('random', (t) => {
    const knots: Knot<unknown>[] = [];
    scenario.parentsOf.forEach((parents, index) => {
      if (index < scenario.parameters) {
        knots.push(t.parameter(`p${index}`, anything, { default: index }));
        return;
      }
      const inputs = Object.fromEntries(parents.map((parent) => [idOf(parent), knots[parent]!]));
      const { errorPolicy, optional: isOptional } = scenario.policies[index]!;
      const wiring = { ...inputs, fails: scenario.failing[index]! };
      const placed = { id: idOf(index), ...(scenario.local[index] && { dispatcher: local() }) };
      const config = { ...placed, retry: { maximumAttempts: scenario.attempts[index]! } };
      const [first] = parents.map((parent) => knots[parent]!);
      const kind = first ? scenario.kinds[index]! : 'step';
      if (kind === 'gate') {
        knots.push(gate({ input: first!, predicate: isEven }, config));
        return;
      }
      if (kind === 'firstOk') {
        knots.push(firstOk({ of: parents.map((parent) => knots[parent]!) }, placed));
        return;
      }
      if (kind === 'branch') {
        const tags = ['a', 'b'] as const;
        const either = branch(
          { input: first!, branches: tags, selector: (value) => (isEven(value) ? 'a' : 'b') },
          config,
        );
        either.path('b');
        knots.push(either.path('a'));
        return;
      }
      const [place, placeReceiver] = isOptional ? [maybeStep, maybeReceive] : [step, receive];
      knots.push(
        errorPolicy === 'receiveErrors'
          ? placeReceiver(wiring, config)
          : place(wiring, { ...config, errorPolicy: errorPolicy! }),
      );
    });
  });
}

test('any graph, with any knots local, survives any blows', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryScenario, fc.boolean(), fc.nat(1_000), async (scenario, cancel, seed) => {
      const crash = seed % 2 === 0 ? 'everywhere' : 'random';
      await simulate(tapestryFor(scenario), { crash, cancel, seed, schedules: 400 });
    }),
    { numRuns: 40 },
  );
}, 300_000);

test('any graph whose bodies run comes to the same values under any blows', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryScenario, fc.nat(1_000), async (scenario, seed) => {
      await simulate(tapestryFor(scenario), {
        crash: 'random',
        parameters: {},
        seed,
        schedules: 40,
      });
    }),
    { numRuns: 30 },
  );
}, 300_000);
