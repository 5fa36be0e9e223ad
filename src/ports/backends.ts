import type { DataStore } from './data-store';
import type { LeaseTable } from './lease-table';
import type { Commit, CommitResult, RunHistory } from './run-history';
import type { StartLedger } from './start-ledger';
import type { TapestryStore } from './tapestry-store';

/** The backends that a worker and a client share. */
export interface Backends {
  readonly tapestryStore: TapestryStore;
  readonly runHistory: RunHistory;
  readonly dataStore: DataStore;
  readonly leaseTable: LeaseTable;
  readonly startLedger: StartLedger;
  /**
   * Stores the values, then inserts the records, so that no record ever names a missing value. Values and records share
   * a transaction if one database holds both. Returns one result for each commit, in order.
   */
  commit(commits: readonly Commit[]): Promise<CommitResult[]>;
  close(): Promise<void>;
}

/** The random ids that identify the storage behind each store. */
export interface BackendIdentities {
  readonly store: string;
  readonly history: string;
  /** The data store's id; absent if the store was unreachable when the run was started. */
  readonly data?: string;
  /** The tag of the digest key that value hashes are made with; absent for plain hashes. */
  readonly digest?: string;
}
