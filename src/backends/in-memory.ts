import { InMemoryDataStore } from '../adapters/data-stores/in-memory';
import { InMemoryLeaseTable } from '../adapters/lease-tables/in-memory';
import { InMemoryRunHistory } from '../adapters/run-histories/in-memory';
import { InMemoryTapestryStore } from '../adapters/tapestry-stores/in-memory';
import type { Backends } from '../protocols';

/** The backends in this process's memory, for tests and in-process runs: all is gone when the process ends. */
export function createInMemoryBackends(): Backends {
  const tapestryStore = new InMemoryTapestryStore();
  const runHistory = new InMemoryRunHistory();
  const dataStore = new InMemoryDataStore();
  return {
    tapestryStore,
    runHistory,
    dataStore,
    leaseTable: new InMemoryLeaseTable(),
    async commit(commits) {
      return commits.map(({ values, record }) => {
        for (const value of values) dataStore.putOne(value);
        return runHistory.commitOne(record);
      });
    },
    async close() {},
  };
}
