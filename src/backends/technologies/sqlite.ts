import { SqliteDataStore } from '../../adapters/data-stores/sqlite';
import { SqliteLeaseTable } from '../../adapters/lease-tables/sqlite';
import { SqliteRunHistory } from '../../adapters/run-histories/sqlite';
import {
  inspectSqliteFile,
  openSqliteDatabase,
  sqliteMigrationState,
  sqliteMigrationSql,
} from '../../adapters/shared/sqlite';
import { SqliteTapestryStore } from '../../adapters/tapestry-stores/sqlite';
import { filePath } from './file-path';
import type { Place, Technology } from './technology';

const FORM = 'sqlite:PATH';

interface SqlitePlace extends Place {
  readonly path: string;
}

export const sqlite: Technology<SqlitePlace> = {
  name: 'sqlite',
  schemes: ['sqlite'],
  forms: { 'tapestry store': FORM, 'run history': FORM, 'data store': FORM, 'lease table': FORM },
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
