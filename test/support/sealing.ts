import { randomBytes } from 'node:crypto';
import type { DataStore } from '../../src/ports';
import { createEncryption, SealedDataStore, withSubject } from '../../src/encryption';
import { sealedName } from '../../src/encryption/sealed-name';

interface Sealing {
  /** A store that seals the values of this one. */
  wrap(store: DataStore): DataStore;
  /** The name of a value in the wrapped store. */
  nameOf(hash: string): Promise<string>;
}

/** Sealing with new keys, and with a subject if given. */
export function sealing(subject?: string): Sealing {
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

/** The store as a run with a subject uses it. */
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
