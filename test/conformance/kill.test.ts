import { mkdir, readdir } from 'node:fs/promises';
import * as path from 'node:path';
import { createLocalDiskDataStore } from '../../src/adapters/disk';
import { openBackends } from '../../src/backends';
import { sampleHash } from '../../src/testing/sample-records';
import { killInMidWork, type Killed } from './processes/run-script';
import { folderForEach } from './temporary-folder';

const KNOTS = 3_000;
const TRIES = 5;
const root = folderForEach();

/** The blow is aimed at the middle of a piece of work; where the writer was faster, it is struck again. */
async function strike(
  script: string,
  argsOf: (folder: string) => string[],
): Promise<Killed & { folder: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const folder = path.join(root(), String(attempt));
    await mkdir(folder);
    const killed = await killInMidWork(script, argsOf(folder), 2, 10 * attempt);
    if (killed.begun.length === killed.ended.length + 1) return { ...killed, folder };
    if (attempt === TRIES) throw new Error(`The kill missed the middle of the work ${TRIES} times.`);
  }
}

test('kill -9 in the middle of a batch leaves whole batches, and all those that were answered', async () => {
  const { begun, ended, signal, folder } = await strike('endless-writer.ts', (to) => [to, String(KNOTS)]);
  expect(signal).toBe('SIGKILL');
  expect(ended.length).toBeGreaterThanOrEqual(2);
  expect(begun.length).toBe(ended.length + 1);

  const backends = await openBackends({ projectDir: folder, environment: {} });
  for (const run of begun) {
    const records = await backends.runHistory.getRecords(run);
    expect(ended.includes(run) ? [KNOTS] : [0, KNOTS]).toContain(records.length);
    const hashes = Array.from({ length: KNOTS }, (_, knot) => sampleHash(`${run}/${knot}`));
    expect((await backends.dataStore.getMany(hashes)).size).toBe(records.length);
    const [first] = hashes as [string];
    expect((await backends.runHistory.findLineage({ outputHash: first })).items).toHaveLength(
      records.length / KNOTS,
    );
  }
  await backends.close();
});

test('kill -9 in the middle of the removal of runs leaves each whole, gone, or to be removed by the next one', async () => {
  const RUNS = 12;
  const OF_A_RUN = 1_500;
  const { ended, signal, folder } = await strike('run-remover.ts', (to) => [
    to,
    String(RUNS),
    String(OF_A_RUN),
  ]);
  expect(signal).toBe('SIGKILL');
  const backends = await openBackends({ projectDir: folder, environment: {} });
  const { runHistory } = backends;
  const left = async (): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (let run = 0; run < RUNS; run += 1) {
      const name = `run-${run}`;
      const records = await runHistory.getRecords(name);
      if (await runHistory.getRun(name)) counts[name] = records.length;
      else expect(records).toEqual([]);
      const named = await runHistory.referredTo(records.slice(0, 500).map(({ output_hash }) => output_hash!));
      expect(named.size).toBe(Math.min(500, records.length));
    }
    return counts;
  };
  const after = await left();
  for (const run of ended) expect(after).not.toHaveProperty(run);
  expect(Object.values(after).filter((records) => records < OF_A_RUN).length).toBeLessThanOrEqual(1);
  for (let run = 0; run < RUNS - 1; run += 1) await runHistory.deleteRun(`run-${run}`);
  expect(await left()).toEqual({ [`run-${RUNS - 1}`]: OF_A_RUN });
  const { items } = await runHistory.findLineage({ limit: 1_000 });
  expect(new Set(items.map(({ run_id }) => run_id))).toEqual(new Set([`run-${RUNS - 1}`]));
  await backends.close();
});

test('kill -9 in the middle of a put on the local disk leaves no part of a value under its name', async () => {
  const { begun, ended, signal, folder } = await strike('endless-disk-writer.ts', (to) => [
    to,
    String(32 * 1024 * 1024),
  ]);
  expect(signal).toBe('SIGKILL');
  const store = await createLocalDiskDataStore({ folder });
  for (const hash of ended) expect((await store.get(hash))?.byteLength).toBe(32 * 1024 * 1024);
  const last = begun[begun.length - 1] as string;
  // `get` checks the hash: part of a value would be ValueDamaged.
  const isThere = (await store.get(last)) !== undefined;
  const leftOver = await readdir(path.join(folder, 'temporary'));
  expect(leftOver.length).toBeLessThanOrEqual(isThere ? 0 : 1);
  await store.close();
});
