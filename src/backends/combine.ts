import { BySizeDataStore } from '../adapters/data-stores/by-size';
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
  // The large values of such a store are elsewhere, but those go before in any case.
  const smallData = dataStore instanceof BySizeDataStore ? dataStore.small : dataStore;
  return {
    tapestryStore,
    runHistory,
    dataStore,
    leaseTable,
    commit:
      runHistory instanceof SqliteRunHistory &&
      smallData instanceof SqliteDataStore &&
      runHistory.database === smallData.database
        ? async (commits) => {
            const values = valuesOf(commits);
            const small =
              smallData === dataStore ? values : await (dataStore as BySizeDataStore).putLarge(values);
            return commitTogether(runHistory, smallData, recordsOf(commits), small);
          }
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
  records: readonly Commit['record'][],
  values: readonly StoredValue[],
): Promise<CommitResult[]> {
  const small = await dataStore.putLarge(values);
  return await runHistory.commitWith(records, (connection) => putValues(connection, small));
}

function valuesOf(commits: readonly Commit[]): StoredValue[] {
  return commits.flatMap((commit) => commit.values);
}

function recordsOf(commits: readonly Commit[]): Commit['record'][] {
  return commits.map((commit) => commit.record);
}
