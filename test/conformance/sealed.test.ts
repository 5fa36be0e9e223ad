import { open, utimes } from 'node:fs/promises';
import * as path from 'node:path';
import Libsql from 'libsql';
import { InMemoryDataStore } from '../../src/adapters/data-stores/in-memory';
import { createLocalDiskDataStore } from '../../src/adapters/data-stores/local-disk';
import { createSqliteDataStore } from '../../src/adapters/data-stores/sqlite';
import { describeDataStore } from '../../src/testing';
import { sealing } from '../support/sealing';
import { removeFolder, temporaryFolder } from './temporary-folder';

const reason = 'memory is not shared between adapters';
const cut = {
  test: 'loses nothing when its connections break, and makes new ones by itself',
  reason: 'the store below has no connections',
};

describeDataStore('sealed in-memory', {
  async create() {
    let now = (): number => Date.now();
    const store = new InMemoryDataStore(() => now());
    const { wrap, nameOf } = sealing();
    return {
      adapter: wrap(store),
      async age(hash, by) {
        now = () => Date.now() - by;
        await store.keep([await nameOf(hash)]);
        now = () => Date.now();
      },
      async damage(hash) {
        const bytes = (await store.get(await nameOf(hash))) as Uint8Array;
        bytes[bytes.byteLength - 1]! ^= 1;
      },
    };
  },
  skip: [
    cut,
    { test: 'shows what another adapter put', reason },
    { test: 'keeps one of each value that two adapters put at once', reason },
    { test: 'takes again what was put by one who was gone before the record of it', reason },
    { test: 'has one identity, whoever has it open', reason },
    {
      test: 'keeps under its name what was sealed before it came, unchecked',
      reason: 'what it is given, it seals itself',
    },
  ],
});

for (const subject of [undefined, 'user-42']) {
  describeDataStore(`sealed${subject === undefined ? '' : ', for a subject,'} local-disk`, {
    async create() {
      const folder = await temporaryFolder();
      const { wrap, nameOf } = sealing(subject);
      const fileOf = async (hash: string): Promise<string> => {
        const digest = (await nameOf(hash)).slice('sealed:'.length);
        return path.join(folder, digest.slice(0, 2), digest.slice(2, 4), `sealed-${digest}`);
      };
      return {
        adapter: wrap(await createLocalDiskDataStore({ folder })),
        another: async () => wrap(await createLocalDiskDataStore({ folder })),
        async age(hash, by) {
          const seconds = (Date.now() - by) / 1000;
          await utimes(await fileOf(hash), seconds, seconds);
        },
        async damage(hash) {
          const file = await open(await fileOf(hash), 'r+');
          await file.write(Buffer.from('~'), 0, 1, 40);
          await file.close();
        },
        cleanUp: () => removeFolder(folder),
      };
    },
    skip: [
      cut,
      {
        test: 'keeps under its name what was sealed before it came, unchecked',
        reason: 'what it is given, it seals itself',
      },
    ],
  });
}

describeDataStore('sealed sqlite', {
  async create() {
    const folder = await temporaryFolder();
    const file = path.join(folder, 'selvage.db');
    const { wrap, nameOf } = sealing();
    const change = async (hash: string, sql: string): Promise<void> => {
      const db = new Libsql(file);
      db.prepare(sql).run([await nameOf(hash)]);
      db.close();
    };
    return {
      adapter: wrap(await createSqliteDataStore({ path: file })),
      another: async () => wrap(await createSqliteDataStore({ path: file })),
      age: (hash, by) =>
        change(hash, `update selvage_values set last_put_at = last_put_at - ${by} where hash = ?`),
      async damage(hash) {
        await change(
          hash,
          "update selvage_values set bytes = cast('~' as blob) where hash = ? and bytes is not null",
        );
        await change(
          hash,
          "update selvage_value_chunks set bytes = cast('~' as blob) where sequence = 1 and upload = (select upload from selvage_values where hash = ?)",
        );
      },
      cleanUp: () => removeFolder(folder),
    };
  },
  skip: [
    cut,
    {
      test: 'keeps under its name what was sealed before it came, unchecked',
      reason: 'what it is given, it seals itself',
    },
  ],
});
