import type { DataStore } from './data-store';
import type { LeaseTable } from './lease-table';
import type { Commit, CommitResult, RunHistory } from './run-history';
import type { TapestryStore } from './tapestry-store';

/** The three stores that a worker and a client work with, and the leases by which workers take turns. */
export interface Backends {
  readonly tapestryStore: TapestryStore;
  readonly runHistory: RunHistory;
  readonly dataStore: DataStore;
  readonly leaseTable: LeaseTable;
  /**
   * Puts the values, then inserts the records: in one transaction where one database holds both, else in this order, so
   * that no record ever names a value that is not there. Answers per commit, in order.
   */
  commit(commits: readonly Commit[]): Promise<CommitResult[]>;
  close(): Promise<void>;
}

/** What tells each of three storages from every other. */
export interface BackendIdentities {
  readonly store: string;
  readonly history: string;
  readonly data: string;
  /** The tag of the digest key that hashes of values are made with; absent: they are made without one. */
  readonly digest?: string;
}
