import {
  InMemoryDataStore,
  InMemoryLeaseTable,
  InMemoryRunHistory,
  InMemoryStartLedger,
  InMemoryTapestryStore,
} from '../../adapters/memory';
import type { Technology } from './technology';

const FORM = 'memory:';

export const memory: Technology = {
  name: 'memory',
  schemes: ['memory'],
  forms: {
    'tapestry store': FORM,
    'run history': FORM,
    'data store': FORM,
    'lease table': FORM,
    'start ledger': FORM,
  },
  parse: ({ rest }) =>
    rest === '' ? { technology: 'memory', key: 'memory:', shown: "this process's memory" } : undefined,
  open: async () => ({
    tapestryStore: () => new InMemoryTapestryStore(),
    runHistory: () => new InMemoryRunHistory(),
    dataStore: () => new InMemoryDataStore(),
    leaseTable: () => new InMemoryLeaseTable(),
    startLedger: () => new InMemoryStartLedger(),
    close: async () => {},
  }),
  inspect: async () => 'current',
};
