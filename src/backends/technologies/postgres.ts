import {
  openPostgresDatabase,
  PostgresDataStore,
  PostgresLeaseTable,
  PostgresRunHistory,
  PostgresStartLedger,
  PostgresTapestryStore,
} from '../../adapters/postgres';
import {
  inspectPostgres,
  migratePostgres,
  postgresMigrationSql,
  postgresMigrationState,
} from '../../adapters/postgres/inspect';
import { parsePostgresUrl } from '../../adapters/postgres/address';
import type { Location, Technology } from './technology';

const FORM = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE';

export const postgres: Technology<Location> = {
  name: 'postgres',
  schemes: ['postgres', 'postgresql'],
  isServer: true,
  forms: {
    'tapestry store': FORM,
    'run history': FORM,
    'data store': FORM,
    'lease table': FORM,
    'start ledger': FORM,
  },
  parse({ rest }) {
    const url = `postgres:${rest}`;
    const { shown } = parsePostgresUrl(url);
    return { technology: 'postgres', key: url, shown };
  },
  async open({ key }) {
    const database = await openPostgresDatabase({ url: key });
    return {
      tapestryStore: () => new PostgresTapestryStore(database),
      runHistory: () => new PostgresRunHistory(database),
      dataStore: () => new PostgresDataStore(database),
      leaseTable: () => new PostgresLeaseTable(database),
      startLedger: () => new PostgresStartLedger(database),
      close: () => database.close(),
    };
  },
  inspect: ({ key }) => inspectPostgres(key),
  migrations: {
    state: ({ key }) => postgresMigrationState(key),
    sql: postgresMigrationSql,
    migrate: ({ key }) => migratePostgres(key),
  },
};
