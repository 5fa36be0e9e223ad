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
import { forEveryPort, type Location, type Technology } from './technology';

export const postgres: Technology<Location> = {
  name: 'postgres',
  schemes: ['postgres', 'postgresql'],
  isServer: true,
  forms: forEveryPort('postgres://USER:PASSWORD@HOST:PORT/DATABASE'),
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
