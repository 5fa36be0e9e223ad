import { randomUUID } from 'node:crypto';
import {
  createValkeyDataStore,
  createValkeyLeaseTable,
  createValkeyStartLedger,
  createValkeyTapestryStore,
  openValkey,
} from '../../src/adapters/valkey';
import {
  describeDataStore,
  describeLeaseTable,
  describeStartLedger,
  describeSubscribableTapestryStore,
  describeTapestryStore,
  type Subject,
} from '../../src/testing';
import { FaultProxy } from '../support/fault-proxy';
import { describeWith, valkeyService } from '../support/services';

type Open<T> = (options: { url: string }) => Promise<T>;

async function freshUrl(): Promise<string> {
  return `${await valkeyService()}?prefix=test-${randomUUID()}`;
}

async function onFreshPrefix<T>(open: Open<T>): Promise<Subject<T> & { url: string }> {
  const url = await freshUrl();
  const proxy = await FaultProxy.to(url);
  const through = proxy.addressOf(url);
  return {
    url,
    adapter: await open({ url: through }),
    another: () => open({ url: through }),
    cutConnections: async () => void proxy.reset(),
    cleanUp: () => proxy.close(),
  };
}

describeWith('valkey')('on a Valkey server', () => {
  describeTapestryStore('valkey', { create: () => onFreshPrefix(createValkeyTapestryStore) });
  describeSubscribableTapestryStore('valkey', { create: () => onFreshPrefix(createValkeyTapestryStore) });
  describeLeaseTable('valkey', { create: () => onFreshPrefix(createValkeyLeaseTable) });
  describeStartLedger('valkey', { create: () => onFreshPrefix(createValkeyStartLedger) });
  describeDataStore('valkey', {
    async create() {
      const subject = await onFreshPrefix(createValkeyDataStore);
      return {
        ...subject,
        damage: (hash) => damageValue(subject.url, hash),
        age: (hash, by) => ageValue(subject.url, hash, by),
      };
    },
  });
});

async function damageValue(url: string, hash: string): Promise<void> {
  const connection = await openValkey({ url });
  await connection.command('setrange', connection.key('value', hash), 16, '~');
  await connection.close();
}

async function ageValue(url: string, hash: string, by: number): Promise<void> {
  const connection = await openValkey({ url });
  const key = connection.key('value', hash);
  const at = Number(String(await connection.command('getrange', key, 0, 14)));
  await connection.command('setrange', key, 0, String(at - by).padStart(15, '0'));
  await connection.close();
}
