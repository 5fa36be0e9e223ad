import { createPostgresDataStore } from '../../src/adapters/data-stores/postgres';
import { createS3DataStore } from '../../src/adapters/data-stores/s3';
import { describeDataStore } from '../../src/testing';
import { sealing } from '../support/sealing';
import { describeWith } from '../support/services';
import { ageValue, damageValue, Schemas } from './postgres/places';
import { damageObject, freshS3Place } from './s3-place';

const ownNames = {
  test: 'keeps under its name what was sealed before it came, unchecked',
  reason: 'what it is given, it seals itself',
};

describeWith('postgres')('sealed in PostgreSQL', () => {
  const schemas = new Schemas();
  beforeAll(() => schemas.make());
  afterAll(() => schemas.drop());

  describeDataStore('sealed postgres', {
    async create() {
      const { wrap, nameOf } = sealing('user-42');
      const { adapter, another, ...subject } = await schemas.subject(createPostgresDataStore);
      return {
        ...subject,
        adapter: wrap(adapter),
        another: async () => wrap(await another!()),
        age: async (hash, by) => ageValue(schemas.url, subject.name, await nameOf(hash), by),
        damage: async (hash) => damageValue(schemas.url, subject.name, await nameOf(hash)),
      };
    },
    skip: [ownNames],
  });
});

describeWith('s3')('sealed on the real server', () => {
  describeDataStore('sealed s3', {
    async create() {
      const { wrap, nameOf } = sealing('user-42');
      const place = await freshS3Place();
      return {
        adapter: wrap(await createS3DataStore(place.options)),
        another: async () => wrap(await createS3DataStore(place.options)),
        damage: async (hash) => damageObject(place, await nameOf(hash)),
        cleanUp: place.drop,
      };
    },
    skip: [
      ownNames,
      {
        test: 'loses nothing when its connections break, and makes new ones by itself',
        reason: 's3-conformance.test.ts has it of the store below',
      },
      {
        test: 'takes a put, and a keep, of what is there for its last put',
        reason: 'S3 lets nobody set the time of an object; s3-deletion.test.ts has it of the store below',
      },
    ],
  });
});
