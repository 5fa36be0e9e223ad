import {
  openValkey,
  ValkeyDataStore,
  ValkeyLeaseTable,
  ValkeyStartLedger,
  ValkeyTapestryStore,
} from '../../adapters/valkey';
import { parseValkeyUrl, shownAddress } from '../../adapters/valkey/address';
import { reachValkey } from '../../adapters/valkey/open';
import { threatsTo } from '../../adapters/valkey/warnings';
import type { Location, Technology } from './technology';

const FORM = 'valkey://HOST[:PORT][/DATABASE]';

export const valkey: Technology = {
  name: 'valkey',
  schemes: ['valkey', 'valkeys', 'redis', 'rediss'],
  isServer: true,
  forms: { 'tapestry store': FORM, 'data store': FORM, 'lease table': FORM, 'start ledger': FORM },
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
      startLedger: () => new ValkeyStartLedger(connection),
      close: () => connection.close(),
    };
  },
  inspect: (place) => lookAt(place, async () => 'current' as const),
  threats: (place) => lookAt(place, threatsTo),
};

async function lookAt<T>(
  { key }: Location,
  look: (connection: Awaited<ReturnType<typeof reachValkey>>) => Promise<T>,
): Promise<T> {
  const connection = await reachValkey({ url: key });
  try {
    return await look(connection);
  } finally {
    await connection.close();
  }
}
