import type { Page, PageOptions } from './page';

/** The wrapped key of one subject, useless without the master key that wrapped it. */
export interface SubjectKeyRecord {
  /** The subject whose values it seals. */
  readonly subject: string;
  /** A text that identifies the key in the names of values: 16 hexadecimal digits that reveal nothing of it. */
  readonly tag: string;
  /** The wrapped key as text; null if the subject was forgotten, and the key no longer exists anywhere. */
  readonly wrapped: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly forgottenAt: number | null;
}

/**
 * The keys of subjects. Keep the keys apart from the data store and its backups: a backup that restores a deleted key
 * restores its subject's values. Every method may be called concurrently from many processes.
 *
 * Methods throw `BackendUnavailable` (a retry may help), `DiskFull`.
 */
export interface SubjectKeyStore {
  readonly technology: string;
  /** The subject's record, even if the subject was forgotten. */
  get(subject: string): Promise<SubjectKeyRecord | undefined>;
  /** Inserts the record unless the subject has one, even a forgotten one. The result is the record that stands. */
  add(record: SubjectKeyRecord): Promise<SubjectKeyRecord>;
  /** Replaces the record of the same subject and tag. The call does nothing if the subject is forgotten. */
  rewrap(record: SubjectKeyRecord & { readonly wrapped: string }): Promise<void>;
  /** Deletes the key for good. The result is the record, which stays; undefined if there was none. May be repeated. */
  forget(subject: string, at: number): Promise<SubjectKeyRecord | undefined>;
  /** Every record once, including forgotten subjects, in the store's own order. */
  list(options?: PageOptions): Promise<Page<SubjectKeyRecord>>;
  close(): Promise<void>;
}
