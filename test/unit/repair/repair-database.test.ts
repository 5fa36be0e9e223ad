import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import Database from 'libsql';
import { createSqliteDataStore } from '../../../src/adapters/data-stores/sqlite';
import { createSqliteRunHistory } from '../../../src/adapters/run-histories/sqlite';
import { createSqliteTapestryStore } from '../../../src/adapters/tapestry-stores/sqlite';
import { repairDatabase, type DatabaseRepair } from '../../../src/repair/repair-database';
import { sampleLineage, sampleRun, sampleValue } from '../../../src/testing/sample-records';
import { folderForEach } from '../../conformance/temporary-folder';
import {
  bytesOf,
  cutTo,
  overwritePages,
  PAGE,
  pagesOf,
  rowsOf,
  withoutLog,
} from '../../support/database-blows';
import { runs } from '../../support/thorough';

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

function repair(options: { valuesElsewhere?: boolean } = {}): Promise<DatabaseRepair> {
  return repairDatabase(file, {
    stamp: 'today',
    isSelvage: true,
    beforeSwap: async () => {},
    ...options,
  });
}

/** What a repair has put beside the file. */
function keptFiles(): string[] {
  return readdirSync(folder()).filter((name) => /damaged|repairing/.test(name));
}

function lossOf(
  { tables = [] }: DatabaseRepair,
  table: string,
): { kept: number; lost: number; isExact: boolean } {
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
  expect(await repair()).toEqual({ file, state: 'sound', found: [] });
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
  expect(report).toMatchObject({ state: 'repaired', keptAs: `${file}.damaged-today`, droppedValues: [] });
  expect(report.found).toEqual(['table selvage_lineage: 2 pages cannot be read']);
  expect(bytesOf(report.keptAs!).equals(damaged)).toBe(true);
  const { kept, lost, isExact } = lossOf(report, 'selvage_lineage');
  expect({ total: kept + lost, isExact }).toEqual({ total: KNOTS, isExact: true });
  expect(lost).toBeGreaterThan(0);
  const after = rowsOf<{ id: number }>(file, 'select * from selvage_lineage order by id');
  expect(after).toHaveLength(kept);
  const byId = new Map(before.map((row) => [row.id, row]));
  expect(after).toEqual(after.map(({ id }) => byId.get(id)));
  expect(count('selvage_values')).toBe(KNOTS + 1);
  // What led to records that are lost leads nowhere; what leads to those that are there is found again.
  expect(await listed()).toBe(kept);
  expect(await repair()).toMatchObject({ state: 'sound' });
});

test('a page that led to others costs nothing: they are found by the form of their rows', async () => {
  await fill();
  overwritePages(file, pagesOf(file, 'selvage_lineage').interior);
  const report = await repair();
  expect(lossOf(report, 'selvage_lineage')).toEqual({
    table: 'selvage_lineage',
    kept: KNOTS,
    lost: 0,
    isExact: true,
  });
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
    expect(report.tables!.every(({ lost, isExact }) => lost === 0 && isExact)).toBe(true);
    expect(count('selvage_lineage')).toBe(KNOTS);
    expect(await listed()).toBe(KNOTS);
  },
);

test('without its first page, which tells all tables, the rows are told by their form', async () => {
  await fill();
  overwritePages(file, [1]);
  const report = await repair();
  expect(report).toMatchObject({ state: 'repaired', withoutSchema: true });
  expect(count('selvage_lineage')).toBe(KNOTS);
  expect(count('selvage_values')).toBe(KNOTS + 1);
  expect(count('selvage_runs')).toBe(1);
  expect(rowsOf(file, 'select tag from selvage_run_tags order by tag')).toEqual([
    { tag: 'monthly' },
    { tag: 'sums' },
  ]);
  const data = await createSqliteDataStore({ path: file });
  expect(await data.has(sampleValue('y'.repeat(5_000_000)).hash)).toBe(true);
  await data.close();
});

test('what is no database at all is kept, and an empty one takes its place', async () => {
  writeFileSync(file, 'this is a letter, not a database. '.repeat(500));
  const report = await repair();
  expect(report.found).toEqual(['it does not begin as an SQLite database does']);
  expect(bytesOf(report.keptAs!).toString()).toContain('this is a letter');
  await (await createSqliteRunHistory({ path: file })).close();
});

test('records whose values are kept elsewhere miss none', async () => {
  await fill();
  const connection = new Database(file);
  connection.exec('delete from selvage_values');
  connection.close();
  withoutLog(file);
  overwritePages(file, pagesOf(file, 'selvage_lineage_index').leaf.slice(-1));
  expect((await repair({ valuesElsewhere: true })).missingValues).toEqual([]);
});

test('a value whose bytes do not have its hash is dropped and named, with the records that miss it', async () => {
  await fill();
  const small = sampleValue(`value 17 ${'x'.repeat(200)}`);
  const large = sampleValue('y'.repeat(5_000_000));
  const connection = new Database(file);
  connection
    .prepare('update selvage_values set bytes = ? where hash = ?')
    .run(Buffer.from('other'), small.hash);
  connection.prepare('delete from selvage_value_chunks where sequence = 2').run();
  connection.close();
  withoutLog(file);

  const report = await repair();
  expect(new Set(report.droppedValues)).toEqual(new Set([small.hash, large.hash]));
  expect(report.missingValues).toEqual([{ run: sampleLineage({}).run_id, knot: 'k17', hash: small.hash }]);
  expect(count('selvage_value_chunks')).toBe(0);
  expect(await repair()).toMatchObject({ state: 'sound' });
});

test('what is only in the log is kept; frames of the log that cannot be read are told', async () => {
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

  const broken = path.join(folder(), 'broken.db');
  writeFileSync(broken, bytesOf(path.join(folder(), 'selvage.db')));
  writeFileSync(`${broken}-wal`, Buffer.from(log).fill(0xff, 32 + 24 + 100, 32 + 24 + 200));
  file = broken;
  const report = await repair();
  expect(report.found[0]).toMatch(/pages of the log .* cannot be read/);
  expect(report.state).toBe('repaired');
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
        const report = await repair();
        for (const row of rowsOf<{ id: number }>(file, 'select * from selvage_lineage')) {
          expect(row).toEqual(before.get(row.id));
        }
        expect(rowsOf(file, 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
        expect((await repair()).state).toBe('sound');
        if (report.state === 'repaired') expect(existsSync(report.keptAs!)).toBe(true);
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
  await expect(repairDatabase(file, { stamp: 'today', isSelvage: true, beforeSwap })).rejects.toThrow(
    'in use',
  );
  expect(bytesOf(file).equals(before)).toBe(true);
  expect(keptFiles()).toEqual([]);
});
