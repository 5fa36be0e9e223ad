import { InMemoryDataStore } from '../../adapters/data-stores/in-memory';
import { InMemoryLeaseTable } from '../../adapters/lease-tables/in-memory';
import { InMemoryRunHistory } from '../../adapters/run-histories/in-memory';
import { InMemoryTapestryStore } from '../../adapters/tapestry-stores/in-memory';
import type { Technology } from './technology';

const FORM = 'memory:';

export const memory: Technology = {
  name: 'memory',
  schemes: ['memory'],
  forms: { 'tapestry store': FORM, 'run history': FORM, 'data store': FORM, 'lease table': FORM },
  parse: ({ rest }) =>
    rest === '' ? { technology: 'memory', key: 'memory:', shown: "this process's memory" } : undefined,
  open: async () => ({
    tapestryStore: () => new InMemoryTapestryStore(),
    runHistory: () => new InMemoryRunHistory(),
    dataStore: () => new InMemoryDataStore(),
    leaseTable: () => new InMemoryLeaseTable(),
    close: async () => {},
  }),
  inspect: async () => 'current',
};
