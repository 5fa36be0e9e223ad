import type { Generated } from 'kysely';
import type {
  EmitterState,
  LedgerEntry,
  LineageRecord,
  RunRecord,
  StepBack,
  StoredDeadLetter,
  StoredPlan,
} from '../../ports';
import type { RowOf } from '../../ports/columns';
import type { SqlBlob } from './blob';

/** The tables of a Selvage database. Objects and lists are JSON text; times are milliseconds since the epoch. */
export interface SqlSchema {
  /** A table with one row, which identifies this database. */
  selvage_identity: {
    identity: string;
    /** Postgres only. */
    xids_before: Generated<number>;
  };
  selvage_plans: {
    /** A record's id grows with each insert and orders equal times in listings; ids of the other tables do the same. */
    id: Generated<number>;
  } & RowOf<StoredPlan>;
  /** Fragments offered to runs, in the order of their ids. */
  selvage_offers: { id: Generated<number>; run_id: string; offered_at: number; fragment: string };
  selvage_runs: RunsTable;
  selvage_run_tags: { tag: string; started_at: number; run: number };
  selvage_lineage: LineageTable;
  selvage_lineage_index: LineageIndexTable;
  /** SQLite only: records up to this id are in the index. Ids grow in commit order and are never reused. */
  selvage_lineage_indexed: { through: number };
  /** SQLite only: statistics of the records with 1,000 ids from `block` times 1,000 on. */
  selvage_lineage_figures: {
    block: number;
    /** The first and the last finish among these records. */
    first_at: number;
    last_at: number;
    /** A JSON list of names. The figures refer to a name by its index in this list. */
    names: string;
    figures: SqlBlob;
  };
  selvage_values: ValuesTable;
  selvage_value_chunks: { upload: string; sequence: number; bytes: SqlBlob };
  /** Uploads without a value. Uploads untouched for a day belong to killed processes. */
  selvage_uploads: { upload: string; touched_at: number };
  selvage_leases: LeasesTable;
  /** The time of a key's next turn, and how far ahead of the clock it was when the last one was taken. */
  selvage_turns: { key: string; next_at: number; ahead: number };
  selvage_starts: StartsTable;
  selvage_emitters: EmittersTable;
  selvage_dead_letters: { id: Generated<number> } & RowOf<StoredDeadLetter>;
  /** Postgres only: commits of each writing process, to notice that the database went back in time. */
  selvage_writers: {
    writer: string;
    process: string;
    commits: number;
    committed_at: number;
  };
  selvage_steps_back: { id: Generated<number> } & StepBack;
}

/**
 * Numbers of changes grow in the order in which the changes become visible. In SQLite each change has its own number
 * from the sequence of `selvage_lineage`. In Postgres a change has the transaction's number, and a record has its id
 * beside it.
 */
export type LineageTable = {
  id: Generated<number>;
  /** Postgres only. */
  change: Generated<number>;
  /** Postgres only, for statistics: the milliseconds that making a reused value took, from `extra`. */
  made_in: Generated<number | null>;
} & RowOf<LineageRecord>;

export type RunsTable = {
  id: Generated<number>;
  started_change: number;
  /** Null: not ended. */
  ended_change: Generated<number | null>;
} & RowOf<RunRecord>;

/** Roles of keys in the lineage index: the hash of a record's output or input, the id of its run or knot, … */
export const OUTPUT = 0;
export const INPUT = 1;
export const RUN = 2;
export const KNOT = 3;
export const CLASS = 4;
/** Failures are few and often queried; Ok records are found by the other roles. */
export const OUTCOME_BUT_OK = 5;
/** The key of this role is the empty text. */
export const ANY = 6;
/** A full traceback, or the fragment that extended a run. In SQLite, an index of the records covers this role. */
export const MENTIONED = 7;

export type LineageRole =
  typeof OUTPUT | typeof INPUT | typeof RUN | typeof KNOT | typeof CLASS | typeof OUTCOME_BUT_OK | typeof ANY;

/**
 * Leads from a listing's condition to its records, in listing order. SQLite's index covers everything and is written
 * after commits; Postgres's index covers only inputs and is written with them.
 */
export interface LineageIndexTable {
  key: string;
  role: number;
  finished_at: number;
  lineage: number;
}

export interface ValuesTable {
  hash: string;
  size: number;
  media_type: string | null;
  /** The bytes; null if they are the chunks of `upload`. */
  bytes: SqlBlob | null;
  upload: string | null;
  last_put_at: number;
}

/** A lease that has expired counts for nothing; the next request for its key removes the row. */
export interface LeasesTable {
  key: string;
  owner: string;
  token: string;
  holder: string;
  since: number;
  ttl: number;
  expires_at: number;
}

export type StartsTable = { id: Generated<number> } & RowOf<LedgerEntry>;
export type EmittersTable = RowOf<Omit<EmitterState, 'deadLetters' | 'redriven'>>;
