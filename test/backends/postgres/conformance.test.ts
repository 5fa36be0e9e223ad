import {
  createPostgresDataStore,
  createPostgresEmitterTable,
  createPostgresLeaseTable,
  createPostgresRunHistory,
  createPostgresStartLedger,
  createPostgresTapestryStore,
} from '../../../src/adapters/postgres';
import {
  describeDataStore,
  describeEmitterTable,
  describeLeaseTable,
  describeRunHistory,
  describeStartLedger,
  describeSubscribableTapestryStore,
  describeTapestryStore,
} from '../../../src/testing';
import { describeWith } from '../../support/services';
import { ageValue, damageValue, Schemas } from './places';

describeWith('postgres')('PostgreSQL', () => {
  const schemas = new Schemas();

  beforeAll(() => schemas.make());
  afterAll(() => schemas.drop());

  describeTapestryStore('postgres', { create: () => schemas.subject(createPostgresTapestryStore) });
  describeSubscribableTapestryStore('postgres', {
    create: () => schemas.subject(createPostgresTapestryStore),
  });
  describeRunHistory('postgres', { create: () => schemas.subject(createPostgresRunHistory) });
  describeEmitterTable('postgres', { create: () => schemas.subject(createPostgresEmitterTable) });
  describeStartLedger('postgres', { create: () => schemas.subject(createPostgresStartLedger) });
  describeLeaseTable('postgres', { create: () => schemas.subject(createPostgresLeaseTable) });

  describeDataStore('postgres', {
    async create() {
      const subject = await schemas.subject(createPostgresDataStore);
      return {
        ...subject,
        damage: (hash) => damageValue(schemas.url, subject.name, hash),
        age: (hash, by) => ageValue(schemas.url, subject.name, hash, by),
      };
    },
  });
});
