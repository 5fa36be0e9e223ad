import type { Backends } from '../protocols';

/** The backends and the way to commit to them; `close` closes all of them. */
export function combineBackends({
  tapestryStore,
  runHistory,
  dataStore,
  leaseTable,
}: Omit<Backends, 'commit' | 'close'>): Backends {
  return {
    tapestryStore,
    runHistory,
    dataStore,
    leaseTable,
    commit:
      runHistory.commitsTogetherWith?.(dataStore) ??
      (async (commits) => {
        await dataStore.put(commits.flatMap((commit) => commit.values));
        return runHistory.commit(commits.map((commit) => commit.record));
      }),
    async close() {
      // The history first: it finishes something in the database that they may share.
      await Promise.all([runHistory.close(), tapestryStore.close(), dataStore.close(), leaseTable.close()]);
    },
  };
}
