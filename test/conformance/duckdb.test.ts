import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { createDuckDbRunHistory, inspectDuckDbFile, openAnalyticalHistory } from '../../src/adapters/duckdb';
import { openBackends } from '../../src/backends';
import { describeRunHistory } from '../../src/testing';
import { sampleHash, sampleLineage } from '../../src/testing/sample-records';
import { killInMidWork, startScript } from './processes/run-script';
import { removeFolder, temporaryFolder } from './temporary-folder';

const ALONE = 'a DuckDB file is the history of one process, and a second opener gets RunHistoryInUse';

describeRunHistory('duckdb', {
  async create() {
    const folder = await temporaryFolder();
    const file = path.join(folder, 'made', 'on', 'demand', 'history.duckdb');
    return {
      adapter: await createDuckDbRunHistory({ path: file }),
      cleanUp: () => removeFolder(folder),
    };
  },
  skip: [
    { test: 'has one identity, whoever has it open', reason: ALONE },
    { test: 'shows what another adapter committed', reason: ALONE },
    {
      test: 'lets one of two adapters win each key that they race for, in whatever order',
      reason: ALONE,
    },
    { test: 'lets one of two adapters start a run that both start at once', reason: ALONE },
    {
      test: 'loses nothing when its connections break, and makes new ones by itself',
      reason: 'a file has no connections',
    },
    ...[
      'tells starts, knots and ends as they became durable, and goes on behind each of them',
      'tells a knot whose run is not on record',
      'says which records are older than their run, and which run was over when it was put on record',
      'tells a reader that waits of what comes',
      'tells of changes that another adapter makes, and goes on in one where another adapter was',
      'tells many changes in batches of at most 1,000, none of them empty',
      'skips and repeats no change of four writers at once, for readers before, during and after',
      'ends a reading when its signal is aborted, also before it began',
      'goes on behind changes that were removed with their run, and does not tell those',
      'tells an end that replaces a termination again, and one that changes nothing not',
      'ends at the end where it is to be read once',
      'refuses a position that is none',
    ].map((test) => ({
      test,
      reason: 'a DuckDB file keeps no order of commits: it is for questions over many runs',
    })),
  ],
});

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = path.join(folder, 'history.duckdb');
});
afterEach(() => removeFolder(folder));

test('what was committed before is found by the next opener, which goes on from there', async () => {
  const first = sampleLineage({ worker: 'first', cache_key: sampleHash('key') });
  const before = await createDuckDbRunHistory({ path: file });
  const identity = await before.identity();
  await before.commit([first]);
  await before.close();

  const after = await createDuckDbRunHistory({ path: file });
  expect(await after.identity()).toBe(identity);
  const other = sampleLineage({ knot_id: 'other', finished_at: first.finished_at });
  expect(await after.commit([sampleLineage({ worker: 'second' }), other])).toEqual([
    { inserted: false, record: first },
    { inserted: true, record: other },
  ]);
  expect((await after.findLineage({})).items).toEqual([other, first]);
  expect((await after.findCached([sampleHash('key')])).get(sampleHash('key'))).toEqual(first);
  await after.close();
});

test('a second opener in this process is refused, by whatever path, until the first has closed', async () => {
  const history = await createDuckDbRunHistory({ path: file });
  const refusal = { code: 'RunHistoryInUse', message: expect.stringContaining('this process') };
  const roundabout = path.join(folder, '..', path.basename(folder), 'history.duckdb');
  for (const opener of [
    () => createDuckDbRunHistory({ path: roundabout }),
    () => openAnalyticalHistory({ duckdb: file }),
    () => inspectDuckDbFile(file),
  ]) {
    await expect(opener()).rejects.toMatchObject(refusal);
  }
  await history.close();
  await (await createDuckDbRunHistory({ path: file })).close();
  expect(await inspectDuckDbFile(file)).toBe('current');
});

test('a second process is refused and told who has the file, until the first is gone, however it went', async () => {
  const holder = startScript('history-holder.ts', [folder, `duckdb:${file}`]);
  const gone = once(holder, 'close');
  try {
    const [said] = await Promise.race([once(holder.stdout!, 'data'), gone]);
    expect(String(said)).toBe('open\n');
    const refusal = {
      code: 'RunHistoryInUse',
      message: expect.stringMatching(new RegExp(`${file} is in use by process ${holder.pid}\\. `)),
    };
    const open = (): Promise<unknown> =>
      openBackends({ projectDir: folder, environment: {}, history: 'duckdb:history.duckdb' });
    await expect(open()).rejects.toMatchObject(refusal);
    await expect(inspectDuckDbFile(file)).rejects.toMatchObject(refusal);
    await expect(openAnalyticalHistory({ duckdb: file })).rejects.toMatchObject(refusal);
  } finally {
    holder.kill('SIGKILL');
    await gone;
  }
  await (await createDuckDbRunHistory({ path: file })).close();
});

test('kill -9 leaves whole batches, and all those that were answered', async () => {
  const knots = 50;
  const killed = await killInMidWork('endless-writer.ts', [folder, String(knots), `duckdb:${file}`], 5, 0);
  expect(killed.signal).toBe('SIGKILL');
  expect(killed.ended.length).toBeGreaterThanOrEqual(5);
  const history = await createDuckDbRunHistory({ path: file });
  for (const run of killed.begun) {
    const { length } = await history.getRecords(run);
    expect(killed.ended.includes(run) ? [knots] : [0, knots]).toContain(length);
  }
  await history.close();
});

test('what is no DuckDB database, or a damaged one, is told as such', async () => {
  const damaged = { code: 'DatabaseDamaged', message: expect.stringContaining(file) };
  for (const bytes of ['x', 'this is a text\n'.repeat(2_000)]) {
    await writeFile(file, bytes);
    await expect(createDuckDbRunHistory({ path: file })).rejects.toMatchObject(damaged);
    await expect(inspectDuckDbFile(file)).rejects.toMatchObject(damaged);
  }
});
