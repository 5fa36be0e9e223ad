import { InMemoryDataStore } from '../../src/adapters/data-stores/in-memory';
import { InMemoryLeaseTable } from '../../src/adapters/lease-tables/in-memory';
import { InMemoryRunHistory } from '../../src/adapters/run-histories/in-memory';
import { InMemoryTapestryStore } from '../../src/adapters/tapestry-stores/in-memory';
import {
  describeDataStore,
  describeLeaseTable,
  describeRunHistory,
  describeSubscribableTapestryStore,
  describeTapestryStore,
} from '../../src/testing';

const reason = 'memory is not shared between adapters';

describeTapestryStore('in-memory', {
  create: async () => ({ adapter: new InMemoryTapestryStore() }),
  skip: [
    { test: 'shows what another adapter saved', reason },
    { test: 'has one identity, whoever has it open', reason },
  ],
});

describeRunHistory('in-memory', {
  create: async () => ({ adapter: new InMemoryRunHistory() }),
  skip: [
    { test: 'shows what another adapter committed', reason },
    { test: 'has one identity, whoever has it open', reason },
  ],
});

describeLeaseTable('in-memory', {
  create: async () => ({ adapter: new InMemoryLeaseTable() }),
  skip: [{ test: 'shows what another adapter granted', reason }],
});

describeDataStore('in-memory', {
  async create() {
    let now = (): number => Date.now();
    const adapter = new InMemoryDataStore(() => now());
    return {
      adapter,
      async age(hash, by) {
        now = () => Date.now() - by;
        await adapter.keep([hash]);
        now = () => Date.now();
      },
      // The store keeps the very bytes that it was given.
      async damage(hash) {
        const bytes = (await adapter.get(hash)) as Uint8Array;
        bytes[0] = (bytes[0] as number) ^ 1;
      },
    };
  },
  skip: [
    { test: 'shows what another adapter put', reason },
    { test: 'has one identity, whoever has it open', reason },
  ],
});

describeSubscribableTapestryStore('in-memory', {
  create: async () => ({ adapter: new InMemoryTapestryStore() }),
  skip: [{ test: 'tells a subscriber of what another adapter was offered', reason: 'memory is not shared' }],
});
