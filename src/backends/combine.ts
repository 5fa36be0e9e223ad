import { BySizeDataStore } from '../adapters/data-stores/by-size';
import type { Backends, Commit, CommitResult, DataStore, RunHistory, StoredValue } from '../protocols';

type CommitAll = (commits: readonly Commit[]) => Promise<CommitResult[]>;

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
      commitsTogether(runHistory, dataStore) ??
      (async (commits) => {
        await dataStore.put(valuesOf(commits));
        return await runHistory.commit(commits.map((commit) => commit.record));
      }),
    async close() {
      // The history first: it finishes something in the database that they may share.
      await Promise.all([runHistory.close(), tapestryStore.close(), dataStore.close(), leaseTable.close()]);
    },
  };
}

/** How to commit values and records in one transaction, where one database has both. */
function commitsTogether(runHistory: RunHistory, dataStore: DataStore): CommitAll | undefined {
  if (!(dataStore instanceof BySizeDataStore)) return runHistory.commitsTogetherWith?.(dataStore);
  const commit = commitsTogether(runHistory, dataStore.small);
  return commit && ((commits) => commitSmall(dataStore, commits, commit));
}

/** The large values, which are elsewhere, go before: they are useless but harmless without their record. */
async function commitSmall(
  dataStore: BySizeDataStore,
  commits: readonly Commit[],
  commit: CommitAll,
): Promise<CommitResult[]> {
  const values = valuesOf(commits);
  const small = await dataStore.putLarge(values);
  if (small.length === values.length) return await commit(commits);
  const isSmall = new Set(small);
  return await commit(
    commits.map(({ record, values: own }) => ({ record, values: own.filter((value) => isSmall.has(value)) })),
  );
}

function valuesOf(commits: readonly Commit[]): StoredValue[] {
  return commits.flatMap((commit) => commit.values);
}
