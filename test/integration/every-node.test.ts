import fc from 'fast-check';

import { SelvageError, local, queue, runLocally, type RunResult } from '../../src';
import type { RunHandle } from '../../src/client';
import type { LineageRecord } from '../../src/protocols';
import { CACHING, closeAll, openSelvage, unique } from '../support/open-selvage';
import { arbitraryRecipe, signalsOf, tapestryOf, type Recipe } from '../support/random-tapestry';

afterEach(closeAll);

const SEED = 20_26;

/** What two hosts must agree on. */
const facts = (records: readonly LineageRecord[]) =>
  Object.fromEntries(
    records.map(
      ({ knot_id, outcome, output_hash, parent_input_hashes, knot_config_hash, code_hash, skip_reason }) => [
        knot_id,
        { outcome, output_hash, parent_input_hashes, knot_config_hash, code_hash, skip_reason },
      ],
    ),
  );

const kinds = ({ outcomes }: RunResult<object>) =>
  Object.entries(outcomes).map(([id, outcome]) => [
    id,
    outcome.kind === 'err' ? outcome.error.type : outcome.kind === 'ok' ? outcome.value : outcome.reason,
  ]);

/** Where the knot that waits for it was skipped, the run may be over before it comes. */
async function tell(run: RunHandle, name: string, payload: unknown): Promise<void> {
  await run.signal(name, payload).catch((error: unknown) => {
    const isLate = SelvageError.is(error) && ['RunOver', 'SignalTooLate'].includes(error.code);
    if (!isLate) throw error;
  });
}

const recipes: readonly Recipe[] = fc.sample(arbitraryRecipe({ minLength: 12, maxLength: 24 }), {
  numRuns: 12,
  seed: SEED,
});
/** Every third knot is queued, so that segments begin and end everywhere. */
const tapestries = recipes.map((recipe) => {
  let placed = 0;
  return tapestryOf(unique('random'), recipe, () => (placed++ % 3 === 0 ? queue() : local()));
});

describe.each(CACHING)('$name', ({ maxCachedWorkflows }) => {
  test('a sample of random tapestries comes to the same on the real server as in process, with equal hashes', async () => {
    const selvage = await openSelvage({ tapestries, workerOptions: { maxCachedWorkflows } });
    const compare = async (recipe: Recipe, index: number): Promise<void> => {
      const tapestry = tapestries[index]!;
      const here = await runLocally(tapestry, { x: recipe.parameter }, { signals: signalsOf(recipe) });
      const run = await selvage.start(tapestry, { x: recipe.parameter });
      for (const [name, payload] of Object.entries(signalsOf(recipe))) await tell(run, name, payload);
      const there = await run.result();
      expect(kinds(there)).toEqual(kinds(here));
      expect(there.status).toBe(here.status);
      expect(facts(await run.records())).toEqual(facts(here.lineage));
    };
    await Promise.all(recipes.map(compare));
  });
});
