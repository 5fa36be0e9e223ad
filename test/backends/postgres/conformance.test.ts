import { createPostgresDataStore } from '../../../src/adapters/data-stores/postgres';
import { createPostgresLeaseTable } from '../../../src/adapters/lease-tables/postgres';
import { createPostgresRunHistory } from '../../../src/adapters/run-histories/postgres';
import { createPostgresTapestryStore } from '../../../src/adapters/tapestry-stores/postgres';
import {
  describeDataStore,
  describeLeaseTable,
  describeRunHistory,
  describeSubscribableTapestryStore,
  describeTapestryStore,
} from '../../../src/testing';
import { describeWith } from '../../support/services';
import { query, Schemas } from './places';

describeWith('postgres')('PostgreSQL', () => {
  const schemas = new Schemas();

  beforeAll(() => schemas.make());
  afterAll(() => schemas.drop());

  describeTapestryStore('postgres', { create: () => schemas.subject(createPostgresTapestryStore) });
  describeSubscribableTapestryStore('postgres', {
    create: () => schemas.subject(createPostgresTapestryStore),
  });
  describeRunHistory('postgres', { create: () => schemas.subject(createPostgresRunHistory) });
  describeLeaseTable('postgres', { create: () => schemas.subject(createPostgresLeaseTable) });

  describeDataStore('postgres', {
    async create() {
      const subject = await schemas.subject(createPostgresDataStore);
      return {
        ...subject,
        damage: (hash) => damageValue(schemas.url, subject.name, hash),
        async age(hash, by) {
          const statement = `update ${subject.name}.selvage_values set last_put_at = last_put_at - $1 where hash = $2`;
          await query(schemas.url, statement, [by, hash]);
        },
      };
    },
  });
});

async function damageValue(url: string, schema: string, hash: string): Promise<void> {
  const changed = await query(
    url,
    `update ${schema}.selvage_values set bytes = '~' where hash = $1 and bytes is not null returning 1`,
    [hash],
  );
  if (changed.length > 0) return;
  await query(
    url,
    `update ${schema}.selvage_value_chunks set bytes = '~'
     where sequence = 1 and upload = (select upload from ${schema}.selvage_values where hash = $1)`,
    [hash],
  );
}
