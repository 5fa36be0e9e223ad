import fc from 'fast-check';
import { runLocally, type ExceptionRecord, type LocalRun } from '../../src';
import type { LineageRecord } from '../../src/ports';
import { arbitraryRecipe, signalsOf, tapestryOf, type Recipe } from '../support/random-tapestry';
import {
  callsOf,
  hasFailed,
  plainOutcome,
  referenceRun,
  type ReferenceOutcome,
} from '../support/reference-run';
import { runs } from '../support/thorough';

const arbitrary = [arbitraryRecipe({ maxLength: 24 }), fc.integer({ min: 1, max: 6 })] as const;

test('tapestries of every kind of node and policy come to what the reference says, at any concurrency, with equal hashes', async () => {
  await fc.assert(
    fc.asyncProperty(...arbitrary, async (recipe, concurrency) => {
      const expected = referenceRun(recipe);
      const run = (atOnce: number): Promise<LocalRun<object>> =>
        runLocally(tapestryOf('random', recipe), recipe.parameters, {
          concurrency: atOnce,
          signals: signalsOf(recipe),
        });
      const result = await run(concurrency);
      const outcomes = Object.entries(result.outcomes).map(
        ([id, outcome]) => [id, plainOutcome(outcome)] as const,
      );
      expect(new Map(outcomes)).toEqual(expected);
      expect(result.status).toBe(hasFailed(recipe, expected) ? 'failed' : 'succeeded');
      const calls = callsByKnot(recipe, expected);
      expect(attemptsOf(result.lineage, calls)).toEqual(calls);
      const records = result.lineage.filter(({ knot_id }) => expected.has(knot_id));
      expect(records.map(({ knot_id }) => knot_id).sort()).toEqual([...expected.keys()].sort());
      const unrun = records.filter(({ knot_id }) => isUnrun(expected.get(knot_id)!));
      expect(unrun.every(({ attempt }) => attempt === 0)).toBe(true);
      const errors = unrun.flatMap(({ extra: { error } }) => (error ? [error as ExceptionRecord] : []));
      expect(errors.every(({ attempt }) => attempt === 0)).toBe(true);
      expect(hashesOf(await run(500))).toEqual(hashesOf(result));
    }),
    { numRuns: runs(150, 400) },
  );
});

/** For what its parents came to. */
function isUnrun(outcome: ReferenceOutcome): boolean {
  if (outcome.kind === 'err') return outcome.type === 'RequireAllParents';
  return outcome.kind === 'skipped' && outcome.reason === 'parent_failed_or_skipped';
}

/** By knot, also those of elements. */
function hashesOf({ lineage }: LocalRun<object>): Record<string, unknown> {
  return Object.fromEntries(
    lineage.map(({ knot_id, output_hash, parent_input_hashes, knot_config_hash }) => [
      knot_id,
      [output_hash, parent_input_hashes, knot_config_hash],
    ]),
  );
}

/** As far as the reference says. */
function callsByKnot(
  { steps }: Recipe,
  outcomes: ReadonlyMap<string, ReferenceOutcome>,
): ReadonlyMap<string, number> {
  const present = steps.filter(({ id }) => outcomes.has(id));
  const calls = present.map((step) => [step.id, callsOf(step, outcomes.get(step.id)!)] as const);
  return new Map(calls.filter((entry): entry is [string, number] => entry[1] !== undefined));
}

function attemptsOf(
  lineage: readonly LineageRecord[],
  of: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, number> {
  const records = lineage.filter(({ knot_id }) => of.has(knot_id));
  return new Map(records.map(({ knot_id, attempt }) => [knot_id, attempt]));
}
