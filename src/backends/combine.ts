import { BySizeDataStore } from '../adapters/data-stores/by-size';
import type { Backends, Commit } from '../protocols';

/** The backends and the way to commit to them; `close` closes all of them. */
export function combineBackends({
  tapestryStore,
  runHistory,
  dataStore,
  leaseTable,
}: Omit<Backends, 'commit' | 'close'>): Backends {
  // The large values of such a store are elsewhere, but those go before in any case.
  const bySize = dataStore instanceof BySizeDataStore ? dataStore : undefined;
  const together = runHistory.commitsTogetherWith?.(bySize?.small ?? dataStore);
  return {
    tapestryStore,
    runHistory,
    dataStore,
    leaseTable,
    commit:
      together && bySize
        ? async (commits) => together(await withoutLarge(commits, bySize))
        : (together ??
          (async (commits) => {
            await dataStore.put(commits.flatMap((commit) => commit.values));
            return runHistory.commit(commits.map((commit) => commit.record));
          })),
    async close() {
      // The history first: it finishes something in the database that they may share.
      await Promise.all([runHistory.close(), tapestryStore.close(), dataStore.close(), leaseTable.close()]);
    },
  };
}

/** Puts the large values, and answers the commits with the others: they take long, and are useless but harmless without their record. */
async function withoutLarge(commits: readonly Commit[], store: BySizeDataStore): Promise<Commit[]> {
  const small = new Set(await store.putLarge(commits.flatMap(({ values }) => values)));
  return commits.map((commit) => ({ ...commit, values: commit.values.filter((value) => small.has(value)) }));
}
