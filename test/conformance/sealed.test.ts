import { open, utimes } from 'node:fs/promises';
import * as path from 'node:path';
import { randomBytes } from 'node:crypto';
import Libsql from 'libsql';
import { InMemoryDataStore } from '../../src/adapters/data-stores/in-memory';
import { createLocalDiskDataStore } from '../../src/adapters/data-stores/local-disk';
import { createSqliteDataStore } from '../../src/adapters/data-stores/sqlite';
import type { DataStore } from '../../src/protocols';
import { createEncryption } from '../../src/sealing';
import { SealedDataStore } from '../../src/sealing/sealed-data-store';
import { sealedName } from '../../src/sealing/sealed-name';
import { withSubject } from '../../src/sealing/subject-scope';
import { describeDataStore } from '../../src/testing';
import { removeFolder, temporaryFolder } from './temporary-folder';

/** A store that seals what an inner one has; `nameOf`: the name that the inner one knows. */
function sealing(subject?: string) {
  const keys = `a:${randomBytes(32).toString('base64')},b:${randomBytes(32).toString('base64')}`;
  const encryption = createEncryption({ keys, subjectKeys: 'memory:' });
  return {
    wrap: (store: DataStore): DataStore => {
      const sealed = new SealedDataStore({ store, ...encryption });
      return subject === undefined ? sealed : inScope(sealed, subject);
    },
    async nameOf(hash: string): Promise<string> {
      const key =
        subject === undefined ? await encryption.keyring.current() : await encryption.subjects.make(subject);
      return sealedName(hash, key)!;
    },
  };
}

/** What a run with a subject sees. */
function inScope(store: DataStore, subject: string): DataStore {
  return new Proxy(store, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown =>
        withSubject(subject, () => Reflect.apply(member, target, args) as unknown);
    },
  });
}

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
