import { randomUUID } from 'node:crypto';
import { createValkeyDataStore } from '../../src/adapters/data-stores/valkey';
import { createValkeyLeaseTable } from '../../src/adapters/lease-tables/valkey';
import { openValkey } from '../../src/adapters/shared/valkey';
import { createValkeyTapestryStore } from '../../src/adapters/tapestry-stores/valkey';
import {
  describeDataStore,
  describeLeaseTable,
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
  const stored = String(await connection.command('get', connection.key('value', hash)));
  const upload = /^c\d{15}(\S+) \d+ \d+$/.exec(stored)?.[1];
  if (upload === undefined) await connection.command('setrange', connection.key('value', hash), 16, '~');
  else await connection.command('setrange', connection.key('chunk', upload, 1), 5, '~');
  await connection.close();
}

async function ageValue(url: string, hash: string, by: number): Promise<void> {
  const connection = await openValkey({ url });
  const key = connection.key('value', hash);
  const at = Number(String(await connection.command('getrange', key, 1, 15)));
  await connection.command('setrange', key, 1, String(at - by).padStart(15, '0'));
  await connection.close();
}
