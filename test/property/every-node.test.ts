import fc from 'fast-check';
import { runLocally } from '../../src';
import type { LineageRecord } from '../../src/protocols';
import { arbitraryRecipe, signalsOf, tapestryOf, type Recipe } from '../support/random-tapestry';
import {
  callsOf,
  hasFailed,
  plainOutcome,
  referenceRun,
  type ReferenceOutcome,
} from '../support/reference-run';

const arbitrary = [arbitraryRecipe({ maxLength: 24 }), fc.integer({ min: 1, max: 6 })] as const;

test('tapestries of every kind of node and policy come to what the reference says', async () => {
  await fc.assert(
    fc.asyncProperty(...arbitrary, async (recipe, concurrency) => {
      const expected = referenceRun(recipe);
      const result = await runLocally(tapestryOf('random', recipe), recipe.parameters, {
        concurrency,
        signals: signalsOf(recipe),
      });
      const outcomes = Object.entries(result.outcomes).map(
        ([id, outcome]) => [id, plainOutcome(outcome)] as const,
      );
      expect(new Map(outcomes)).toEqual(expected);
      expect(result.status).toBe(hasFailed(recipe, expected) ? 'failed' : 'succeeded');
      const calls = callsByKnot(recipe, expected);
      expect(attemptsOf(result.lineage, calls)).toEqual(calls);
    }),
    { numRuns: 400 },
  );
});

/** As far as the reference says. */
function callsByKnot(
  { steps }: Recipe,
  outcomes: ReadonlyMap<string, ReferenceOutcome>,
): ReadonlyMap<string, number> {
  const calls = steps.map((step) => [step.id, callsOf(step, outcomes.get(step.id)!)] as const);
  return new Map(calls.filter((entry): entry is [string, number] => entry[1] !== undefined));
}

function attemptsOf(
  lineage: readonly LineageRecord[],
  of: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, number> {
  const records = lineage.filter(({ knot_id }) => of.has(knot_id));
  return new Map(records.map(({ knot_id, attempt }) => [knot_id, attempt]));
}
