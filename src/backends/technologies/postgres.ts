import { PostgresDataStore } from '../../adapters/data-stores/postgres';
import { PostgresLeaseTable } from '../../adapters/lease-tables/postgres';
import { PostgresRunHistory } from '../../adapters/run-histories/postgres';
import {
  inspectPostgres,
  migratePostgres,
  openPostgresDatabase,
  parsePostgresUrl,
  postgresMigrationState,
  postgresMigrationSql,
} from '../../adapters/shared/postgres';
import { PostgresTapestryStore } from '../../adapters/tapestry-stores/postgres';
import type { Place, Technology } from './technology';

const FORM = 'postgres://USER:PASSWORD@HOST:PORT/DATABASE';

export const postgres: Technology<Place> = {
  name: 'postgres',
  schemes: ['postgres', 'postgresql'],
  forms: { 'tapestry store': FORM, 'run history': FORM, 'data store': FORM, 'lease table': FORM },
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
