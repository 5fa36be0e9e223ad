import * as path from 'node:path';
import Libsql from 'libsql';
import { DuckDBInstance } from '@duckdb/node-api';
import { createDuckDbRunHistory, exportHistory } from '../../src/adapters/duckdb';
import { createSqliteRunHistory } from '../../src/adapters/sqlite';
import { sampleLineage, sampleRun } from '../../src/testing/sample-records';
import { testRecordColumns, type FoundColumn } from '../support/record-columns';
import { removeFolder, temporaryFolder } from './temporary-folder';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  const sqlite = await createSqliteRunHistory({ path: path.join(folder, 'selvage.db') });
  await sqlite.startRun(sampleRun());
  await sqlite.commit([sampleLineage()]);
  await exportHistory(sqlite, { folder });
  await sqlite.close();
  await (await createDuckDbRunHistory({ path: path.join(folder, 'history.duckdb') })).close();
});
afterAll(() => removeFolder(folder));

describe('SQLite', () => {
  testRecordColumns({
    types: { text: 'text', json: 'text', int32: 'integer', integer: 'integer', number: 'integer' },
    columnsOf: async (table) => {
      const database = new Libsql(path.join(folder, 'selvage.db'));
      const found = database
        .prepare(`select name, lower(type) as type, "notnull" from pragma_table_info(?)`)
        .all(table);
      database.close();
      return (found as { name: string; type: string; notnull: number }[]).map(({ name, type, notnull }) => ({
        name,
        type,
        isNullable: notnull === 0,
      }));
    },
  });
});

const inDuckDb = { text: 'varchar', json: 'varchar', int32: 'bigint', integer: 'bigint', number: 'double' };
const ofHistory = { types: inDuckDb, tables: ['selvage_lineage', 'selvage_runs'], isAllNullable: true };

/** Of a statement's result: its columns. */
async function described(file: string, select: string): Promise<FoundColumn[]> {
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(`describe ${select}`)).getRowObjectsJS();
  connection.closeSync();
  instance.closeSync();
  return rows.map(({ column_name, column_type }) => ({
    name: column_name as string,
    type: (column_type as string).toLowerCase(),
    isNullable: true,
  }));
}

describe('DuckDB', () => {
  testRecordColumns({
    ...ofHistory,
    columnsOf: (table) => described(path.join(folder, 'history.duckdb'), `select * from ${table}`),
  });
});

describe('Parquet', () => {
  testRecordColumns({
    ...ofHistory,
    columnsOf: (table) => {
      const file = path.join(folder, `${table.replace('selvage_', '')}.parquet`);
      return described(':memory:', `select * from '${file}'`);
    },
  });
});
