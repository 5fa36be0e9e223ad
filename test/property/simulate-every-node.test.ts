import fc from 'fast-check';
import { local, runLocally } from '../../src';
import { simulate, type SimulatedOutcome } from '../../src/testing';
import { arbitraryRecipe, signalsOf, tapestryOf, type Recipe } from '../support/random-tapestry';
import { referenceRun, type ReferenceOutcome } from '../support/reference-run';
import { runs } from '../support/thorough';

/** Also of knots that go in segments. */
function tapestryWith(recipe: Recipe, seed: number): ReturnType<typeof tapestryOf> {
  return tapestryOf('random', recipe, (step) => ((step.seed + seed) % 2 === 0 ? local() : undefined));
}

function kindOf(outcome: SimulatedOutcome | ReferenceOutcome): object {
  if (outcome.kind === 'err') return { kind: 'err', type: outcome.type };
  return outcome.kind === 'ok' ? { kind: 'ok' } : { kind: 'skipped', reason: outcome.reason };
}

test('tapestries of every kind of node and policy survive any blows, with bodies that are stood for', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryRecipe({ maxLength: 12 }),
      fc.boolean(),
      fc.nat(1_000),
      async (recipe, cancel, seed) => {
        const crash = seed % 2 === 0 ? 'everywhere' : 'random';
        await simulate(tapestryWith(recipe, seed), { crash, cancel, seed, schedules: 300 });
      },
    ),
    { numRuns: runs(20, 60) },
  );
});

test('under any blows they come to the values, hashes and outcomes that they have in process and by the reference', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryRecipe({ maxLength: 16 }),
      fc.boolean(),
      fc.nat(1_000),
      async (recipe, cancel, seed) => {
        const given = { parameters: recipe.parameters, signals: signalsOf(recipe) };
        const tapestry = tapestryWith(recipe, seed);
        const options = { ...given, crash: 'random', cancel, seed, schedules: 40 } as const;
        const simulated = await simulate(tapestry, options);
        const outcomes = Object.entries(simulated.outcomes!);
        const expected = [...referenceRun(recipe)].map(([id, outcome]) => [id, kindOf(outcome)]);
        expect(new Map(outcomes.map(([id, outcome]) => [id, kindOf(outcome)]))).toEqual(
          new Map(expected as [string, object][]),
        );
        const { lineage } = await runLocally(tapestry, given.parameters, given);
        const hashes = outcomes.map(([id, outcome]) => [id, outcome.kind === 'ok' ? outcome.hash : null]);
        const recorded = lineage.filter(({ knot_id }) => Object.hasOwn(simulated.outcomes!, knot_id));
        expect(Object.fromEntries(hashes)).toEqual(
          Object.fromEntries(recorded.map(({ knot_id, output_hash }) => [knot_id, output_hash])),
        );
        expect(await simulate(tapestry, options)).toEqual(simulated);
      },
    ),
    { numRuns: runs(15, 40) },
  );
});
