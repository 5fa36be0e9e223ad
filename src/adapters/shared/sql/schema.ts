import type { Generated } from 'kysely';
import type { LineageRecord, RunRecord } from '../../../protocols';
import type { SqlBlob } from './blob';

/** The tables of a Selvage database. Objects and lists are JSON text; times are milliseconds since the epoch. */
export interface SqlSchema {
  selvage_identity: IdentityTable;
  selvage_plans: PlansTable;
  selvage_offers: OffersTable;
  selvage_runs: RunsTable;
  selvage_run_tags: RunTagsTable;
  selvage_lineage: LineageTable;
  selvage_lineage_index: LineageIndexTable;
  /** Of SQLite alone. */
  selvage_lineage_indexed: LineageIndexedTable;
  selvage_values: ValuesTable;
  selvage_value_chunks: ValueChunksTable;
  selvage_uploads: UploadsTable;
  selvage_leases: LeasesTable;
  selvage_turns: TurnsTable;
}

/** One row: what tells this database from every other. */
export interface IdentityTable {
  identity: string;
}

export interface PlansTable {
  /** Grows with each insert and so decides between equal times in listings; likewise in the other tables. */
  id: Generated<number>;
  hash: string;
  tapestry: string;
  text: string;
  saved_at: number;
}

/** Fragments that runs are offered; in the order of their ids. */
export interface OffersTable {
  id: Generated<number>;
  run_id: string;
  offered_at: number;
  fragment: string;
}

type AsColumns<T, JsonColumn extends keyof T> = { [K in keyof T]: K extends JsonColumn ? string : T[K] };

export type LineageTable = { id: Generated<number> } & AsColumns<
  LineageRecord,
  'parent_input_hashes' | 'constant_input_hashes' | 'parent_knot_ids' | 'extra'
>;

export type RunsTable = { id: Generated<number> } & AsColumns<
  RunRecord,
  'parameter_hashes' | 'terminals' | 'tags' | 'environment'
>;

export interface RunTagsTable {
  tag: string;
  started_at: number;
  run: number;
}

/** What a key of the lineage index is to its records: the hash of what they made or took, the id of their run or knot, … */
export const OUTPUT = 0;
export const INPUT = 1;
export const RUN = 2;
export const KNOT = 3;
export const CLASS = 4;
/** Failures are few and often asked for; records that are ok are found by the rest. */
export const OUTCOME_BUT_OK = 5;
/** With the empty text as the key. */
export const ANY = 6;
/** A whole traceback, or the fragment by which a body has extended its run. In SQLite an index of the records has these. */
export const MENTIONED = 7;

export type LineageRole =
  typeof OUTPUT | typeof INPUT | typeof RUN | typeof KNOT | typeof CLASS | typeof OUTCOME_BUT_OK | typeof ANY;

/**
 * What leads from a listing's condition to its records, in the order of the listing. Of SQLite everything, written behind the commits; of
 * Postgres the inputs alone, written with them.
 */
export interface LineageIndexTable {
  key: string;
  role: number;
  finished_at: number;
  lineage: number;
}

/**
 * One row: records up to this id are in the index. Ids grow in the order of the commits. Where the newest records are removed, theirs are given
 * again, so that it goes down with them.
 */
export interface LineageIndexedTable {
  through: number;
}

export interface ValuesTable {
  hash: string;
  size: number;
  media_type: string | null;
  /** Null: the bytes are the chunks of `upload`. */
  bytes: SqlBlob | null;
  upload: string | null;
  last_put_at: number;
}

export interface ValueChunksTable {
  upload: string;
  sequence: number;
  bytes: SqlBlob;
}

/** Chunks that are being written and belong to no value yet; rows that nobody has touched for a day are left over from a killed process. */
export interface UploadsTable {
  upload: string;
  touched_at: number;
}

/** Who has a place of what: a row that has run out is nobody's, and goes when the next one asks for a place of the key. */
export interface LeasesTable {
  key: string;
  owner: string;
  token: string;
  holder: string;
  since: number;
  ttl: number;
  expires_at: number;
}

/** When the next turn of a key is, and how far ahead of the clock that was when the last one was taken. */
export interface TurnsTable {
  key: string;
  next_at: number;
  ahead: number;
}
