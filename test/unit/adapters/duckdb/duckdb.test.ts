import { readFile, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  createDuckDbRunHistory,
  exportHistory,
  inspectDuckDbFile,
  openAnalyticalHistory,
  type DuckDbConnectionLike,
  type DuckDbInstanceLike,
} from '../../../../src/adapters/duckdb';
import { selvageErrorOf } from '../../../../src/adapters/duckdb/errors';
import { migrate, readMigrationState } from '../../../../src/adapters/duckdb/schema';
import { createSqliteRunHistory } from '../../../../src/adapters/sqlite';
import type { RunHistory } from '../../../../src/ports';
import { sampleHash, sampleLineage, sampleRun } from '../../../../src/testing/sample-records';
import { folderForEach } from '../../../conformance/temporary-folder';
import { refusal } from '../../../support/refusal';

const folder = folderForEach();
const file = () => path.join(folder(), 'history.duckdb');

const DAY = 86_400_000;

async function fill(history: RunHistory): Promise<void> {
  await history.startRun(sampleRun({ started_at: 0, finished_at: 2.5 }));
  await history.commit(
    Array.from({ length: 60 }, (_, index) =>
      sampleLineage({
        knot_id: `k${index}`,
        definition: index % 3 === 0 ? 'fetch' : 'store',
        outcome: index % 4 === 0 ? 'err' : 'ok',
        finished_at: (index % 2) * DAY + index + 0.25,
      }),
    ),
  );
}

const PER_CLASS_AND_DAY = `
  select definition, finished::date::varchar as day, outcome, count(*) as knots
  from lineage group by all order by all`;
const EXPECTED = [
  { definition: 'fetch', day: '1970-01-01', outcome: 'err', knots: 5 },
  { definition: 'fetch', day: '1970-01-01', outcome: 'ok', knots: 5 },
  { definition: 'fetch', day: '1970-01-02', outcome: 'ok', knots: 10 },
  { definition: 'store', day: '1970-01-01', outcome: 'err', knots: 10 },
  { definition: 'store', day: '1970-01-01', outcome: 'ok', knots: 10 },
  { definition: 'store', day: '1970-01-02', outcome: 'ok', knots: 20 },
];

test('SQL over the records: of the open history, of its file, of its export, of a history on SQLite', async () => {
  const history = await createDuckDbRunHistory({ path: file() });
  await fill(history);
  expect(await history.query(PER_CLASS_AND_DAY)).toEqual(EXPECTED);
  const exported = path.join(folder(), 'exported');
  await exportHistory(history, { folder: exported });
  await history.close();

  const sqlite = await createSqliteRunHistory({ path: path.join(folder(), 'history.db') });
  await fill(sqlite);
  for (const source of [{ duckdb: file() }, { parquet: exported }, { history: sqlite }]) {
    const analytical = await openAnalyticalHistory(source);
    expect(await analytical.query(PER_CLASS_AND_DAY)).toEqual(EXPECTED);
    expect(
      await analytical.query(
        `select run_id, tags, terminals->>'answer' as answer, started, finished from runs where list_contains(tags, ?)`,
        ['nightly'],
      ),
    ).toEqual([
      {
        run_id: 'run-1',
        tags: ['nightly', 'tést'],
        answer: 'double',
        started: new Date(0),
        finished: new Date(2),
      },
    ]);
    expect((await analytical.findLineage({ knotId: 'k7' })).items).toEqual(
      (await sqlite.findLineage({ knotId: 'k7' })).items,
    );
    await analytical.close();
  }
  await sqlite.close();
});

test('what is open for reading is not written, and says so', async () => {
  await (await createDuckDbRunHistory({ path: file() })).close();
  const analytical = await openAnalyticalHistory({ duckdb: file() });
  const refused = refusal('RunHistoryReadOnly', file());
  await expect(analytical.commit()).rejects.toMatchObject(refused);
  await expect(analytical.startRun()).rejects.toMatchObject(refused);
  await expect(analytical.endRun()).rejects.toMatchObject(refused);
  await expect(analytical.changeRun()).rejects.toMatchObject(refused);
  await expect(analytical.query('delete from selvage_lineage')).rejects.toThrow(/read-only/);
  await analytical.close();
});

test('what cannot be looked at is told: no file, no export, two halves of two exports', async () => {
  await expect(openAnalyticalHistory({ duckdb: file() })).rejects.toMatchObject({ code: 'FileNotFound' });
  await expect(openAnalyticalHistory({ parquet: folder() })).rejects.toMatchObject({ code: 'FileNotFound' });
  const history = await createDuckDbRunHistory({ path: file() });
  await exportHistory(history, { folder: folder() });
  const runs = await readFile(path.join(folder(), 'runs.parquet'));
  await exportHistory(history, { folder: folder() });
  await history.close();
  await writeFile(path.join(folder(), 'runs.parquet'), runs);
  await expect(openAnalyticalHistory({ parquet: folder() })).rejects.toMatchObject(
    refusal('FileNotLoadable', 'two exports'),
  );
});

test('an instance of the user serves one history at a time, and stays open', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const history = await createDuckDbRunHistory({ instance });
  await history.commit([sampleLineage()]);
  await expect(createDuckDbRunHistory({ instance })).rejects.toMatchObject({ code: 'RunHistoryInUse' });
  await history.close();
  const again = await createDuckDbRunHistory({ instance });
  expect(await again.getRecords('temporal-run-1')).toEqual([sampleLineage()]);
  await again.close();
  instance.closeSync();
});

test('a batch that cannot be written leaves nothing behind, and can be written afterwards', async () => {
  const history = await createDuckDbRunHistory({ path: file() });
  const good = sampleLineage({ knot_id: 'good' });
  const bad = sampleLineage({ knot_id: 'bad', output_size: 0.5 });
  await expect(history.commit([good, bad])).rejects.toThrow();
  expect(await history.getRecords('temporal-run-1')).toEqual([]);
  expect(await history.commit([good])).toEqual([{ inserted: true, record: good }]);
  await history.close();
  const again = await createDuckDbRunHistory({ path: file() });
  expect((await again.findLineage({ outputHash: sampleHash('10') })).items).toEqual([good]);
  await again.close();
});

test('a commit that is done but answered with an error is found when it is tried again, on a database that was opened again', async () => {
  const instance = await DuckDBInstance.create(file());
  const failing = failingOnce(instance);
  const history = await createDuckDbRunHistory({ instance: failing });
  failing.arm();
  const connections = failing.connections();
  const record = sampleLineage({ worker: 'first' });
  await expect(history.commit([record])).rejects.toMatchObject({ code: 'BackendUnavailable' });
  const again = await history.commit([
    sampleLineage({ worker: 'second' }),
    sampleLineage({ knot_id: 'new' }),
  ]);
  expect(again).toEqual([
    { inserted: false, record },
    { inserted: true, record: sampleLineage({ knot_id: 'new' }) },
  ]);
  expect(failing.connections()).toBeGreaterThan(connections);
  await history.close();
  instance.closeSync();
});

/** The instance; once armed, its next commit is done and answered with DuckDB's word for a database that it has given up. */
function failingOnce(
  instance: DuckDbInstanceLike,
): DuckDbInstanceLike & { arm(): void; connections(): number } {
  let isArmed = false;
  let connections = 0;
  const connect = async (): Promise<DuckDbConnectionLike> => {
    connections += 1;
    const connection = await instance.connect();
    return {
      async runAndReadAll(sql, values) {
        const rows = await connection.runAndReadAll(sql, values);
        if (sql !== 'commit' || !isArmed) return rows;
        isArmed = false;
        throw new Error(
          'FATAL Error: Failed: database has been invalidated because of a previous fatal error.',
        );
      },
      createAppender: (table) => connection.createAppender(table),
      closeSync: () => connection.closeSync(),
    };
  };
  return {
    connect,
    closeSync: () => instance.closeSync(),
    arm: () => void (isArmed = true),
    connections: () => connections,
  };
}

test.each([
  [
    'SchemaTooNew',
    /history\.duckdb was written by a newer version of Selvage .*0002-more/,
    "insert into selvage_migrations values ('0002-more', 'now')",
  ],
  [
    'UnreleasedData',
    /history\.duckdb was made by an unreleased build of Selvage.* Delete the file/,
    'drop table selvage_migrations; create table selvage_schema (version bigint, identity varchar)',
  ],
])('tables of another version or build are refused: %s', async (code, message, change) => {
  const instance = await DuckDBInstance.create(file());
  await (await createDuckDbRunHistory({ instance })).close();
  const connection = await instance.connect();
  await connection.run(change);
  connection.closeSync();
  instance.closeSync();
  const refused = { code, message: expect.stringMatching(message) };
  await expect(createDuckDbRunHistory({ path: file() })).rejects.toMatchObject(refused);
  await expect(inspectDuckDbFile(file())).rejects.toMatchObject(refused);
  await expect(openAnalyticalHistory({ duckdb: file() })).rejects.toMatchObject(refused);
});

test('a later migration is done whole or not at all', async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await migrate(connection, file());
  const first = { '0001-schema-c': '' };
  const broken = { ...first, '0002-more': 'create table more (x int); insert into nowhere values (1);' };
  await expect(migrate(connection, file(), broken)).rejects.toThrow('nowhere');
  await migrate(connection, file(), { ...first, '0002-more': 'create table more (x int);' });
  expect(await readMigrationState(connection, file(), broken)).toEqual({
    done: ['0001-schema-c', '0002-more'],
    pending: [],
  });
  connection.closeSync();
});

test('a file of a newer DuckDB is refused', async () => {
  await (await createDuckDbRunHistory({ path: file() })).close();
  const bytes = await readFile(file());
  bytes.writeBigUInt64LE(9_999n, 12);
  bytes.writeBigUInt64LE(checksum(bytes.subarray(8, 4096)), 0);
  await writeFile(file(), bytes);
  await expect(createDuckDbRunHistory({ path: file() })).rejects.toMatchObject(
    refusal('SchemaTooNew', '9999'),
  );
});

/** As DuckDB guards the blocks of its files. */
function checksum(bytes: Buffer): bigint {
  let result = 5381n;
  for (let at = 0; at < bytes.length; at += 8)
    result ^= BigInt.asUintN(64, bytes.readBigUInt64LE(at) * 0xbf58476d1ce4e5b9n);
  return result;
}

test('a full disk is told as such, and without what DuckDB says to its own users', () => {
  const told = selvageErrorOf(
    new Error('IO Error: Could not write file "h.duckdb.wal": No space left on device\n\nStack'),
    file(),
    'use',
  );
  expect(told).toMatchObject({ code: 'DiskFull', message: expect.not.stringContaining('Stack') });
});
