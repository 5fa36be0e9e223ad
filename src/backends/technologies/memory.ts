import {
  InMemoryDataStore,
  InMemoryLeaseTable,
  InMemoryRunHistory,
  InMemoryStartLedger,
  InMemoryTapestryStore,
} from '../../adapters/memory';
import { forEveryPort, type Technology } from './technology';

export const memory: Technology = {
  name: 'memory',
  schemes: ['memory'],
  forms: forEveryPort('memory:'),
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
