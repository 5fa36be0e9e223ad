import {
  openSqliteDatabase,
  SqliteDataStore,
  SqliteLeaseTable,
  SqliteRunHistory,
  SqliteStartLedger,
  SqliteTapestryStore,
} from '../../adapters/sqlite';
import { inspectSqliteFile, sqliteMigrationSql, sqliteMigrationState } from '../../adapters/sqlite/inspect';
import { fileLocation, type FileLocation } from './file-path';
import { forEveryPort, type Technology } from './technology';

export const sqlite: Technology<FileLocation> = {
  name: 'sqlite',
  schemes: ['sqlite'],
  forms: forEveryPort('sqlite:PATH'),
  parse: ({ rest }, projectDir) => fileLocation(['sqlite', 'sqlite'], rest, projectDir, 'an SQLite file'),
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
