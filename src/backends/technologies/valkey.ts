import { ValkeyDataStore } from '../../adapters/data-stores/valkey';
import { ValkeyLeaseTable } from '../../adapters/lease-tables/valkey';
import {
  openValkey,
  parseValkeyUrl,
  reachValkey,
  shownAddress,
  threatsTo,
} from '../../adapters/shared/valkey';
import { ValkeyTapestryStore } from '../../adapters/tapestry-stores/valkey';
import type { Place, Technology } from './technology';

const FORM = 'valkey://HOST[:PORT][/DATABASE]';

export const valkey: Technology = {
  name: 'valkey',
  schemes: ['valkey', 'valkeys', 'redis', 'rediss'],
  forms: { 'tapestry store': FORM, 'data store': FORM, 'lease table': FORM },
  parse({ scheme, rest }) {
    const url = `${scheme}:${rest}`;
    const address = parseValkeyUrl(url);
    const shown = `${shownAddress(address)}, keys ${address.prefix}`;
    return { technology: 'valkey', key: url, shown };
  },
  async open({ key }) {
    const connection = await openValkey({ url: key });
    return {
      tapestryStore: () => new ValkeyTapestryStore(connection),
      dataStore: () => new ValkeyDataStore(connection),
      leaseTable: () => new ValkeyLeaseTable(connection),
      close: () => connection.close(),
    };
  },
  inspect: (place) => lookAt(place, async () => 'current' as const),
  threats: (place) => lookAt(place, threatsTo),
};

async function lookAt<T>(
  { key }: Place,
  look: (connection: Awaited<ReturnType<typeof reachValkey>>) => Promise<T>,
): Promise<T> {
  const connection = await reachValkey({ url: key });
  try {
    return await look(connection);
  } finally {
    await connection.close();
  }
}
