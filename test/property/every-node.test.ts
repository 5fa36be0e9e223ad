import fc from 'fast-check';
import { runLocally, type Outcome } from '../../src';
import { arbitraryRecipe, signalsOf, tapestryOf } from '../support/random-tapestry';
import { hasFailed, referenceRun, type ReferenceOutcome } from '../support/reference-run';

function plain(outcome: Outcome): ReferenceOutcome {
  if (outcome.kind === 'err') return { kind: 'err', type: outcome.error.type };
  return outcome.kind === 'ok' ? outcome : { kind: 'skipped', reason: outcome.reason };
}

test('tapestries of every kind of node and policy come to what the reference says', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryRecipe({ maxLength: 24 }),
      fc.integer({ min: 1, max: 6 }),
      async (recipe, concurrency) => {
        const expected = referenceRun(recipe);
        const result = await runLocally(
          tapestryOf('random', recipe),
          { x: recipe.parameter },
          { concurrency, signals: signalsOf(recipe) },
        );
        const outcomes = Object.entries(result.outcomes).map(
          ([id, outcome]) => [id, plain(outcome)] as const,
        );
        expect(new Map(outcomes)).toEqual(expected);
        expect(result.status).toBe(hasFailed(recipe, expected) ? 'failed' : 'succeeded');
      },
    ),
    { numRuns: 300 },
  );
});
