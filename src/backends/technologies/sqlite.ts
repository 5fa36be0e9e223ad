import {
  openSqliteDatabase,
  SqliteDataStore,
  SqliteLeaseTable,
  SqliteRunHistory,
  SqliteStartLedger,
  SqliteTapestryStore,
} from '../../adapters/sqlite';
import { inspectSqliteFile, sqliteMigrationSql, sqliteMigrationState } from '../../adapters/sqlite/inspect';
import { filePath } from './file-path';
import type { Location, Technology } from './technology';

const FORM = 'sqlite:PATH';

interface SqliteLocation extends Location {
  readonly path: string;
}

export const sqlite: Technology<SqliteLocation> = {
  name: 'sqlite',
  schemes: ['sqlite'],
  forms: {
    'tapestry store': FORM,
    'run history': FORM,
    'data store': FORM,
    'lease table': FORM,
    'start ledger': FORM,
  },
  parse({ rest }, projectDir) {
    const file = filePath(rest, projectDir, 'an SQLite file');
    return file === undefined
      ? undefined
      : { technology: 'sqlite', key: `sqlite:${file}`, shown: file, path: file };
  },
  async open({ path }, { durable }) {
    const database = await openSqliteDatabase({ path, durable });
    return {
      tapestryStore: () => new SqliteTapestryStore(database),
      runHistory: () => new SqliteRunHistory(database),
      dataStore: () => new SqliteDataStore(database),
      leaseTable: () => new SqliteLeaseTable(database),
      startLedger: () => new SqliteStartLedger(database),
      close: () => database.close(),
    };
  },
  inspect: ({ path }) => inspectSqliteFile(path),
  migrations: {
    state: ({ path }) => sqliteMigrationState(path),
    sql: sqliteMigrationSql,
    async migrate({ path }) {
      const { pending } = await sqliteMigrationState(path);
      if (pending.length > 0) await (await openSqliteDatabase({ path })).close();
      return pending;
    },
  },
};
