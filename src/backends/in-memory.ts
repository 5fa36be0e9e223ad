import {
  InMemoryDataStore,
  InMemoryLeaseTable,
  InMemoryRunHistory,
  InMemoryTapestryStore,
} from '../adapters/memory';
import type { Backends } from '../ports';

/** Backends in this process's memory, for tests and in-process runs. Everything is lost when the process ends. */
export function createInMemoryBackends(): Backends {
  const tapestryStore = new InMemoryTapestryStore();
  const runHistory = new InMemoryRunHistory();
  const dataStore = new InMemoryDataStore();
  return {
    tapestryStore,
    runHistory,
    dataStore,
    leaseTable: new InMemoryLeaseTable(),
    startLedger: runHistory.startLedgerBeside(),
    async commit(commits) {
      return commits.map(({ values, record }) => {
        for (const value of values) dataStore.putOne(value);
        return runHistory.commitOne(record);
      });
    },
    async close() {},
  };
}
