import type { Page, PageOptions } from './page';

/** The key of one subject, wrapped: only who has the master key that it was wrapped with can use it. */
export interface SubjectKeyRecord {
  /** Whose values it seals. */
  readonly subject: string;
  /** Tells it from other keys in the names of values: 16 hexadecimal digits that say nothing of it. */
  readonly tag: string;
  /** Text. Null: the subject was forgotten, and the key is nowhere any more. */
  readonly wrapped: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly forgottenAt: number | null;
}

/**
 * The keys of subjects. To be kept apart from the data store and from its backups, for what is deleted here must be nowhere else: a backup
 * from which a deleted key could come back brings all of its subject's values back. Every method may be called at once from many processes.
 *
 * Errors: `BackendUnavailable` (a retry may help), `DiskFull`.
 */
export interface SubjectKeyStore {
  readonly technology: string;
  /** Also of a subject that was forgotten. */
  get(subject: string): Promise<SubjectKeyRecord | undefined>;
  /** Inserts it unless the subject has a record, also as forgotten; answers the one that stands. */
  add(record: SubjectKeyRecord): Promise<SubjectKeyRecord>;
  /** Takes the place of the record of the same subject and tag, with the key wrapped anew; of one that is forgotten, nothing happens. */
  rewrap(record: SubjectKeyRecord & { readonly wrapped: string }): Promise<void>;
  /** Deletes the key, for good, and keeps the record that there was one; answers it, or undefined where there was none. May be repeated. */
  forget(subject: string, at: number): Promise<SubjectKeyRecord | undefined>;
  /** Each once, forgotten ones too, in an order of the store's own. */
  list(options?: PageOptions): Promise<Page<SubjectKeyRecord>>;
  close(): Promise<void>;
}
