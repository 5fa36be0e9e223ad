import fc from 'fast-check';
import {
  aggregate,
  branch,
  gate,
  knot,
  local,
  queue,
  runLocally,
  tapestry,
  type AnyTapestry,
  type Knot,
} from '../../src';
import { simulate } from '../../src/testing';
import { runs } from '../support/thorough';

interface Case {
  readonly numbers: readonly number[];
  readonly limit: number;
  readonly policy: 'skipIfParentFailed' | 'requireAllParents';
  readonly isLocal: boolean;
}

const given = knot('given', ({ number }: { number: number }) => {
  if (number < 0) throw new Error(`no luck with ${number}`);
  return number;
});
const told = knot('told', ({ of }: { of: object }) => JSON.stringify(of));

type Inputs = Record<string, number>;
const sum = ({ limit: _, ...numbers }: Inputs): number =>
  Object.values(numbers).reduce((total, number) => total + number, 0);
const isWithin = (inputs: Inputs): boolean => sum(inputs) <= inputs['limit']!;
const sizeOf = (inputs: Inputs): 'small' | 'large' => (isWithin(inputs) ? 'small' : 'large');

/** @param isWritten whether the record of the inputs is an aggregate of the user's */
function tapestryOf({ numbers, limit, policy, isLocal }: Case, isWritten: boolean): AnyTapestry {
  const dispatcher = isLocal ? local() : queue();
  return tapestry('several', { knots: { dispatcher } }, () => {
    const knots = numbers.map((number, index) => given({ number }, { id: `k${index}` }));
    const inputs = Object.fromEntries([
      ...knots.map((one, index) => [`n${index}`, one]),
      ['limit', limit],
    ]) as Record<string, Knot<number>>;
    const over = (id: string): { readonly inputs: Record<string, Knot<number>> } =>
      isWritten
        ? ({
            input: aggregate({ inputs, combine: (all) => all }, { id: `${id}.inputs`, errorPolicy: policy }),
          } as never)
        : { inputs };
    const open = gate({ ...over('open'), predicate: isWithin }, { id: 'open', errorPolicy: policy });
    const size = branch(
      { ...over('size'), branches: ['small', 'large'], selector: sizeOf },
      { id: 'size', errorPolicy: policy },
    );
    told({ of: open }, { id: 'of-open' });
    told({ of: size.path('small') }, { id: 'of-small' });
    told({ of: size.path('large') }, { id: 'of-large' });
  });
}

const arbitrary: fc.Arbitrary<Case> = fc.record({
  numbers: fc.array(fc.integer({ min: -1, max: 9 }), { minLength: 1, maxLength: 3 }),
  limit: fc.nat(20),
  policy: fc.constantFrom('skipIfParentFailed', 'requireAllParents'),
  isLocal: fc.boolean(),
});

test('a gate and a branch over several inputs are those over an aggregate that has the record of them, on each host', async () => {
  await fc.assert(
    fc.asyncProperty(arbitrary, fc.nat(1_000), async (one, seed) => {
      const hashesOf = async (isWritten: boolean): Promise<object> => {
        const { lineage } = await runLocally(tapestryOf(one, isWritten), {});
        return Object.fromEntries(
          lineage.map(({ knot_id, outcome, skip_reason, output_hash }) => [
            knot_id,
            [outcome, skip_reason, output_hash],
          ]),
        );
      };
      const hashes = (await hashesOf(false)) as Record<string, readonly unknown[]>;
      expect(hashes).toEqual(await hashesOf(true));
      // Passed on by reference.
      if (hashes['open']![0] === 'ok') expect(hashes['open']).toEqual(hashes['open.inputs']);
      for (const path of ['size:small', 'size:large'])
        if (hashes[path]![0] === 'ok') expect(hashes[path]).toEqual(hashes['size.inputs']);
      const simulated = await simulate(tapestryOf(one, false), {
        parameters: {},
        crash: 'random',
        seed,
        schedules: 20,
      });
      expect(
        Object.fromEntries(
          Object.entries(simulated.outcomes!).map(([id, outcome]) => [
            id,
            [outcome.kind, outcome.kind === 'ok' ? outcome.hash : null],
          ]),
        ),
      ).toEqual(Object.fromEntries(Object.entries(hashes).map(([id, [kind, , hash]]) => [id, [kind, hash]])));
    }),
    { numRuns: runs(25, 200) },
  );
});
