import { BySizeDataStore } from './by-size-data-store';
import type { Backends, Commit, CommitResult, DataStore, RunHistory, StoredValue } from '../ports';

type CommitAll = (commits: readonly Commit[]) => Promise<CommitResult[]>;

/** The method `close` closes all of the combined backends. */
export function combineBackends({
  tapestryStore,
  runHistory,
  dataStore,
  leaseTable,
  startLedger,
}: Omit<Backends, 'commit' | 'close'>): Backends {
  return {
    tapestryStore,
    runHistory,
    dataStore,
    leaseTable,
    startLedger,
    commit:
      commitsTogether(runHistory, dataStore) ??
      (async (commits) => {
        await dataStore.put(valuesOf(commits));
        return await runHistory.commit(commits.map((commit) => commit.record));
      }),
    async close() {
      // The history is closed first: it finishes something in a database that they may share.
      await Promise.all(
        [runHistory, tapestryStore, dataStore, leaseTable, startLedger].map((port) => port.close()),
      );
    },
  };
}

/** Commits values and records in one transaction; undefined unless one database has both. */
function commitsTogether(runHistory: RunHistory, dataStore: DataStore): CommitAll | undefined {
  if (!(dataStore instanceof BySizeDataStore)) return runHistory.commitsTogetherWith?.(dataStore);
  const commit = commitsTogether(runHistory, dataStore.small);
  return commit && ((commits) => commitSmall(dataStore, commits, commit));
}

/** Large values go first, to their own store: a value without its record is useless but harmless. */
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
