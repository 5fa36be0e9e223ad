import {
  InMemoryDataStore,
  InMemoryEmitterTable,
  InMemoryLeaseTable,
  InMemoryRunHistory,
  InMemoryStartLedger,
  InMemoryTapestryStore,
} from '../../src/adapters/memory';
import {
  describeDataStore,
  describeEmitterTable,
  describeLeaseTable,
  describeRunHistory,
  describeStartLedger,
  describeSubscribableTapestryStore,
  describeTapestryStore,
} from '../../src/testing';

const reason = 'memory is not shared between adapters';
const cut = {
  test: 'loses nothing when its connections break, and makes new ones by itself',
  reason: 'memory has no connections',
};

describeTapestryStore('in-memory', {
  create: async () => ({ adapter: new InMemoryTapestryStore() }),
  skip: [
    { test: 'shows what another adapter saved', reason },
    { test: 'keeps one of a plan that two adapters save at once', reason },
    cut,
    { test: 'has one identity, whoever has it open', reason },
  ],
});

describeRunHistory('in-memory', {
  create: async () => ({ adapter: new InMemoryRunHistory() }),
  skip: [
    { test: 'shows what another adapter committed', reason },
    { test: 'lets one of two adapters win each key that they race for, in whatever order', reason },
    { test: 'lets one of two adapters start a run that both start at once', reason },
    {
      test: 'tells of changes that another adapter makes, and goes on in one where another adapter was',
      reason,
    },
    {
      test: 'skips and repeats no change of four writers at once, for readers before, during and after',
      reason,
    },
    cut,
    { test: 'has one identity, whoever has it open', reason },
  ],
});

describeLeaseTable('in-memory', {
  create: async () => ({ adapter: new InMemoryLeaseTable() }),
  skip: [
    { test: 'shows what another adapter granted', reason },
    { test: 'never grants more places than there are to two adapters that ask at once', reason },
    { test: 'goes by its own clock, whatever the one of a process says', reason },
    { ...cut, test: 'loses no place when its connections break, and makes new ones by itself' },
  ],
});

describeEmitterTable('in-memory', {
  create: async () => ({ adapter: new InMemoryEmitterTable() }),
  skip: [
    { test: 'shows what another adapter changed', reason },
    { test: 'lets one of several that know a version change the state', reason },
    { ...cut, test: 'loses no cursor when its connections break, and makes new ones by itself' },
  ],
});

describeStartLedger('in-memory', {
  create: async () => ({ adapter: new InMemoryStartLedger() }),
  skip: [
    { test: 'shows what another adapter claimed', reason },
    { test: 'lets one of several win each key that they claim at once, in whatever order', reason },
    { ...cut, test: 'loses no claim when its connections break, and makes new ones by itself' },
  ],
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
    { test: 'keeps one of each value that two adapters put at once', reason },
    { test: 'takes again what was put by one who was gone before the record of it', reason },
    cut,
    { test: 'has one identity, whoever has it open', reason },
  ],
});

describeSubscribableTapestryStore('in-memory', {
  create: async () => ({ adapter: new InMemoryTapestryStore() }),
  skip: [{ test: 'tells a subscriber of what another adapter was offered', reason: 'memory is not shared' }],
});
