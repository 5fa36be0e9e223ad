import { SqliteDataStore } from '../adapters/data-stores/sqlite';
import { putValues } from '../adapters/data-stores/sqlite/values';
import { SqliteRunHistory } from '../adapters/run-histories/sqlite';
import type { Backends, Commit, CommitResult, StoredValue } from '../protocols';

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
      runHistory instanceof SqliteRunHistory &&
      dataStore instanceof SqliteDataStore &&
      runHistory.database === dataStore.database
        ? (commits) => commitTogether(runHistory, dataStore, commits)
        : async (commits) => {
            await dataStore.put(valuesOf(commits));
            return runHistory.commit(recordsOf(commits));
          },
    async close() {
      // The history first: it finishes something in the database that they may share.
      await Promise.all([runHistory.close(), tapestryStore.close(), dataStore.close(), leaseTable.close()]);
    },
  };
}

/** One transaction for values and records. Only large values go before: they take long, and are useless but harmless without their record. */
async function commitTogether(
  runHistory: SqliteRunHistory,
  dataStore: SqliteDataStore,
  commits: readonly Commit[],
): Promise<CommitResult[]> {
  const values = await dataStore.putLarge(valuesOf(commits));
  return await runHistory.commitWith(recordsOf(commits), (connection) => putValues(connection, values));
}

function valuesOf(commits: readonly Commit[]): StoredValue[] {
  return commits.flatMap((commit) => commit.values);
}

function recordsOf(commits: readonly Commit[]): Commit['record'][] {
  return commits.map((commit) => commit.record);
}
