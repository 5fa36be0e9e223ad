import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import {
  createSqliteDataStore,
  createSqliteRunHistory,
  createSqliteTapestryStore,
} from '../../../../src/adapters/sqlite';
import { repairDatabase, type DatabaseRepair } from '../../../../src/adapters/sqlite/repair';
import { sampleLineage, sampleRun, sampleValue } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';
import {
  bytesOf,
  change,
  cutTo,
  overwritePages,
  PAGE,
  pagesOf,
  rowsOf,
  withoutLog,
} from '../../../support/database-blows';
import { runs } from '../../../support/thorough';

const KNOTS = 600;
const folder = folderForEach();
let file: string;
beforeEach(() => (file = path.join(folder(), 'selvage.db')));

/** A database with runs, lineage, small values and one in chunks. */
async function fill(): Promise<void> {
  const history = await createSqliteRunHistory({ path: file });
  const data = await createSqliteDataStore({ path: file });
  const values = Array.from({ length: KNOTS }, (_, index) =>
    sampleValue(`value ${index} ${'x'.repeat(200)}`),
  );
  await data.put([...values, sampleValue('y'.repeat(5_000_000))]);
  await history.startRun(sampleRun({ tags: ['monthly', 'sums'] }));
  await history.commit(
    values.map(({ hash }, index) =>
      sampleLineage({ knot_id: `k${index}`, output_hash: hash, outcome: 'ok' }),
    ),
  );
  await history.close();
  await data.close();
  withoutLog(file);
}

function repair(): Promise<DatabaseRepair> {
  return repairDatabase(file, { stamp: 'today', beforeSwap: async () => {} });
}

/** What a repair has put beside the file. */
function keptFiles(): string[] {
  return readdirSync(folder()).filter((name) => /damaged|repairing/.test(name));
}

function lossOf({ tables = [] }: DatabaseRepair, table: string): { kept: number; lost?: number } {
  return tables.find((candidate) => candidate.table === table)!;
}

/** How many records a listing by the run finds. */
async function listed(): Promise<number> {
  const history = await createSqliteRunHistory({ path: file });
  try {
    let found = 0;
    for (let cursor: string | undefined; ;) {
      const page = await history.findLineage({ runId: sampleLineage({}).run_id, ...(cursor && { cursor }) });
      found += page.items.length;
      if (!page.cursor) return found;
      cursor = page.cursor;
    }
  } finally {
    await history.close();
  }
}

function count(table: string): number {
  return rowsOf<{ n: number }>(file, `select count(*) as n from ${table}`)[0]!.n;
}

test('a sound database is left as it is', async () => {
  await fill();
  const before = bytesOf(file);
  expect(await repair()).toEqual({ file, state: 'sound', problems: [] });
  expect(bytesOf(file).equals(before)).toBe(true);
  expect(keptFiles()).toEqual([]);
});

test('an absent one and an empty one are no damage', async () => {
  expect((await repair()).state).toBe('absent');
  writeFileSync(file, '');
  expect((await repair()).state).toBe('absent');
});

test('an unreadable page of rows costs these rows, counted by an index, and no other', async () => {
  await fill();
  const before = rowsOf<{ id: number }>(file, 'select * from selvage_lineage order by id');
  const { leaf } = pagesOf(file, 'selvage_lineage');
  overwritePages(file, [leaf[3]!, leaf[7]!]);
  const damaged = bytesOf(file);

  const report = await repair();
  expect(report).toMatchObject({ state: 'repaired', movedTo: `${file}.damaged-today` });
  expect(report.problems).not.toEqual([]);
  expect(bytesOf(report.movedTo!).equals(damaged)).toBe(true);
  const { kept, lost } = lossOf(report, 'selvage_lineage');
  expect(kept + lost!).toBe(KNOTS);
  expect(lost).toBeGreaterThan(0);
  expect(lost).toBeLessThan(KNOTS / 10);
  const after = rowsOf<{ id: number }>(file, 'select * from selvage_lineage order by id');
  expect(after).toHaveLength(kept);
  const byId = new Map(before.map((row) => [row.id, row]));
  expect(after).toEqual(after.map(({ id }) => byId.get(id)));
  expect(count('selvage_values')).toBe(KNOTS + 1);
  // What led to records that are lost leads nowhere; what leads to those that are there is found again.
  expect(await listed()).toBe(kept);
  expect(await repair()).toMatchObject({ state: 'sound' });
});

test('unreadable pages of values cost these values and no others', async () => {
  await fill();
  const { leaf } = pagesOf(file, 'selvage_values');
  overwritePages(file, [leaf[2]!, leaf.at(-3)!]);
  const report = await repair();
  const { kept, lost } = lossOf(report, 'selvage_values');
  // No index tells how many there were.
  expect(lost).toBeUndefined();
  expect(kept).toBeLessThan(KNOTS + 1);
  expect(kept).toBeGreaterThan((KNOTS + 1) * 0.8);
  expect(await repair()).toMatchObject({ state: 'sound' });
});

test.each(['sqlite_autoindex_selvage_lineage_1', 'selvage_lineage_index', 'selvage_lineage_indexed'])(
  'damage of the index %s costs nothing',
  async (name) => {
    await fill();
    expect(await listed()).toBe(KNOTS);
    withoutLog(file);
    const { leaf, interior } = pagesOf(file, name);
    expect(leaf).not.toEqual([]);
    overwritePages(file, [...leaf, ...interior]);
    const report = await repair();
    expect(report.tables!.every(({ lost }) => lost === 0)).toBe(true);
    expect(count('selvage_lineage')).toBe(KNOTS);
    expect(await listed()).toBe(KNOTS);
  },
);

test('what tells no tables is kept, and the next to open it makes an empty one', async () => {
  await fill();
  overwritePages(file, [1]);
  expect(await repair()).toMatchObject({ state: 'unrepairable', movedTo: `${file}.damaged-today` });
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, 'this is a letter, not a database. '.repeat(500));
  const report = await repair();
  expect(report).toMatchObject({
    state: 'unrepairable',
    problems: [expect.stringMatching(/not a database/)],
  });
  expect(bytesOf(report.movedTo!).toString()).toContain('this is a letter');
  await (await createSqliteRunHistory({ path: file })).close();
});

test('tables that a user has added are kept, too', async () => {
  await fill();
  change(
    file,
    'create table theirs (x text, twice text as (x || x)); create index theirs_by_x on theirs (x); insert into theirs (x) values (1)',
  );
  withoutLog(file);
  overwritePages(file, pagesOf(file, 'selvage_lineage').leaf.slice(-1));
  expect(lossOf(await repair(), 'theirs')).toEqual({ table: 'theirs', kept: 1, lost: 0 });
  expect(rowsOf(file, 'select twice from theirs indexed by theirs_by_x')).toEqual([{ twice: '11' }]);
});

test('what is only in the log is kept', async () => {
  await fill();
  // Held open, so that the log is not taken into the file.
  const reader = new Database(file);
  reader.exec('pragma journal_mode = wal; pragma wal_autocheckpoint = 0');
  reader.exec("update selvage_runs set status = 'succeeded'");
  reader.exec("insert into selvage_plans (hash, tapestry, text, saved_at) values ('h', 't', 'x', 1)");
  const log = bytesOf(`${file}-wal`);
  const copy = path.join(folder(), 'copy.db');
  writeFileSync(copy, bytesOf(file));
  writeFileSync(`${copy}-wal`, log);
  reader.close();
  file = copy;
  overwritePages(file, [pagesOf(path.join(folder(), 'selvage.db'), 'selvage_lineage').leaf[2]!]);

  expect((await repair()).state).toBe('repaired');
  expect(existsSync(`${file}.damaged-today-wal`)).toBe(true);
  expect(rowsOf(file, 'select status from selvage_runs')).toEqual([{ status: 'succeeded' }]);
  expect(count('selvage_plans')).toBe(1);
});

test('whatever pages are hit, and wherever the file ends, what is kept was there, and the result is sound', async () => {
  await fill();
  const store = await createSqliteTapestryStore({ path: file });
  await store.close();
  withoutLog(file);
  const whole = bytesOf(file);
  const before = new Map(
    rowsOf<{ id: number }>(file, 'select * from selvage_lineage').map((row) => [row.id, row]),
  );
  const pages = whole.length / PAGE;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: pages }), { minLength: 1, maxLength: 12 }),
      fc.constantFrom(0x00, 0xa5, 0xff, 0x0d),
      fc.option(fc.integer({ min: 1, max: pages }), { freq: 4 }),
      async (hit, byte, end) => {
        // A name of its own: libsql lets go of a closed file when it likes.
        file = path.join(folder(), `${randomUUID()}.db`);
        writeFileSync(file, whole);
        overwritePages(file, hit, byte);
        if (end !== null) cutTo(file, end);
        const damaged = bytesOf(file);
        const { state, movedTo } = await repair();
        if (movedTo !== undefined) expect(bytesOf(movedTo).equals(damaged)).toBe(true);
        if (state === 'unrepairable') return;
        for (const row of rowsOf<{ id: number }>(file, 'select * from selvage_lineage')) {
          expect(row).toEqual(before.get(row.id));
        }
        expect(rowsOf(file, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
        expect((await repair()).state).toBe('sound');
      },
    ),
    { numRuns: runs(5, 15) },
  );
});

test('a file that is in use at the last moment is left as it is', async () => {
  await fill();
  overwritePages(file, [pagesOf(file, 'selvage_lineage').leaf[3]!]);
  const before = bytesOf(file);
  const beforeSwap = (): Promise<void> => Promise.reject(new Error('in use'));
  await expect(repairDatabase(file, { stamp: 'today', beforeSwap })).rejects.toThrow('in use');
  expect(bytesOf(file).equals(before)).toBe(true);
  expect(keptFiles()).toEqual([]);
});
