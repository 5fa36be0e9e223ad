import * as fc from 'fast-check';

import { runLocally } from '../../../src';
import { openBackends } from '../../../src/backends';
import type { Backends } from '../../../src/ports';
import { randomOf } from '../../../src/testing/simulator/random';
import { withDoneButFailed } from '../../../src/testing/troubled';
import { freshPostgresDatabase } from '../../support/fresh-places';
import {
  closeAll,
  connectSelvage,
  onClose,
  startWorker,
  temporaryFolder,
  unique,
} from '../../support/open-selvage';
import { arbitraryRecipe, signalsOf, tapestryOf } from '../../support/random-tapestry';
import { recordsAndValues } from '../../support/recorded-once';
import { plainOutcome, referenceRun } from '../../support/reference-run';
import { describeWith } from '../../support/services';
import { runs } from '../../support/thorough';
import { troubledBackends } from '../../support/troubled-backends';

afterEach(closeAll);

/** The first write of each kind, and then this share of writes, is done and answered with an error. */
const CHANCE = 0.3;

const sqlite = 'sqlite:selvage.db';

async function open(urls: { url: string; data?: string }): Promise<Backends> {
  const backends = await openBackends({ ...urls, projectDir: await temporaryFolder(), environment: {} });
  onClose(() => backends.close());
  return backends;
}

async function openPostgres(): Promise<Backends> {
  const { url, drop } = await freshPostgresDatabase();
  onClose(drop);
  return await open({ url });
}

/** Random tapestries, run by a worker that has this trouble with the backends, for a client that has none. */
async function runThrough(
  backends: Backends,
  seed: number,
  trouble: <T extends object>(adapter: T) => T,
): Promise<void> {
  const recipes = fc.sample(arbitraryRecipe({ minLength: 10, maxLength: 16 }), { numRuns: runs(3, 6), seed });
  const tapestries = recipes.map((recipe) => tapestryOf(unique('lost'), recipe));
  const client = await connectSelvage({ backends });
  await startWorker(client, { tapestries, backends: troubledBackends(backends, trouble) });
  await Promise.all(
    recipes.map(async (sampled, index) => {
      const parameters = { ...sampled.parameters, soon: Date.now() + 1_000 };
      const recipe = { ...sampled, parameters };
      const here = await runLocally(tapestries[index]!, parameters, { signals: signalsOf(recipe) });
      const run = await client.start(tapestries[index]!, parameters);
      for (const [name, payload] of Object.entries(signalsOf(recipe)))
        // If the knot is skipped, the run may end before the signal arrives.
        await run.signal(name, payload).catch(() => undefined);
      const there = await run.result();
      const outcomes = Object.entries(there.outcomes).map(([id, one]) => [id, plainOutcome(one)] as const);
      expect(new Map(outcomes)).toEqual(referenceRun(recipe));
      expect(there.status).toBe(here.status);
      const records = await recordsAndValues(backends, run.runId);
      const hashes = (all: Iterable<{ knot_id: string; output_hash: string | null }>) =>
        [...all].map(({ knot_id, output_hash }) => [knot_id, output_hash]).sort();
      expect(hashes(records.values())).toEqual(hashes(here.lineage));
    }),
  );
}

async function runWithLostAnswers(backends: Backends, seed: number): Promise<void> {
  const random = randomOf(seed);
  const lost = new Map<string, number>();
  await runThrough(backends, seed, (adapter) =>
    withDoneButFailed(adapter, (method) => {
      if (lost.has(method) && random() >= CHANCE) return false;
      lost.set(method, (lost.get(method) ?? 0) + 1);
      return true;
    }),
  );
  for (const method of ['commit', 'startRun', 'endRun', 'save']) expect(lost.get(method)).toBeGreaterThan(0);
}

describe('a worker whose writes are done but answered with an error: the same outcomes, each record once', () => {
  test('SQLite', async () => {
    await runWithLostAnswers(await open({ url: sqlite }), 2);
  });

  test('records in SQLite and values as files', async () => {
    await runWithLostAnswers(await open({ url: sqlite, data: 'file:values' }), 3);
  });
});

describeWith('postgres')('on PostgreSQL', () => {
  test('a worker whose writes are done but answered with an error', async () => {
    await runWithLostAnswers(await openPostgres(), 4);
  });
});
