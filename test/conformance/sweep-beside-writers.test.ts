import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { InMemoryDataStore, InMemoryRunHistory } from '../../src/adapters/memory';
import { openBackends } from '../../src/backends';
import { collectGarbage } from '../../src/records/retention';
import { sampleValue } from '../../src/testing/sample-records';
import { runs } from '../support/thorough';
import { runScript } from './processes/run-script';
import { removeFolder, temporaryFolder } from './temporary-folder';

const HOUR_MS = 60 * 60 * 1000;
const ROUNDS = runs(100, 400);

interface Told {
  readonly puts: number;
  readonly kept: number;
  readonly gone: number;
  readonly missing: string[];
}

test.each(['file:values', 'sqlite:values.db'])(
  'what another process was told is there stays, though it was old a moment before and is being swept: %s',
  async (data) => {
    const folder = await temporaryFolder();
    const { dataStore, close } = await openBackends({ data, projectDir: folder, environment: {} });
    try {
      let told: Told | undefined;
      const stop = path.join(folder, 'stop');
      const writer = runScript('value-writer.ts', [folder, data, String(ROUNDS), stop]).then((output) => {
        told = JSON.parse(output) as Told;
      });
      let removed = 0;
      while (told === undefined) {
        const report = await collectGarbage(
          { dataStore, runHistory: new InMemoryRunHistory() },
          { grace: 2 * HOUR_MS },
        );
        removed += report.unreferenced.count;
        // They have met often enough for the sweep to have been in the way.
        if (removed > 20) await writeFile(stop, '');
        await Promise.race([writer, new Promise((resolve) => setTimeout(resolve, 1))]);
      }
      await writer;
      expect(told.missing).toEqual([]);
      expect(removed).toBeGreaterThan(20);
      expect(told.puts).toBeGreaterThan(ROUNDS / 2);
    } finally {
      await close();
      await removeFolder(folder);
    }
  },
  120_000,
);

test('in memory, too', async () => {
  let now = 0;
  const dataStore = new InMemoryDataStore(() => now);
  const runHistory = new InMemoryRunHistory();
  let removed = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const value = sampleValue(`value ${round % 8}`);
    now = Date.now() - 5 * HOUR_MS;
    await dataStore.put([value]);
    now = Date.now();
    const sweep = collectGarbage({ dataStore, runHistory }, { grace: 2 * HOUR_MS });
    for (let turn = 0; turn < round % 40; turn += 1) await Promise.resolve();
    const isThere = round % 2 === 0 ? (await dataStore.keep([value.hash])).has(value.hash) : true;
    if (round % 2 === 1) await dataStore.put([value]);
    removed += (await sweep).unreferenced.count;
    expect(await dataStore.has(value.hash)).toBe(isThere);
  }
  expect(removed).toBeGreaterThan(20);
});
