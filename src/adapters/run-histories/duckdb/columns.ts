import type { LineageRecord, RunRecord } from '../../../protocols';
import { nodeSha256 } from '../../shared/node-sha256';
import type { DuckDbAppenderLike } from './client';

/** `json`: an object or list, as its JSON text. */
type ColumnType = 'text' | 'json' | 'whole' | 'number';

const SQL_TYPES = { text: 'varchar', json: 'varchar', whole: 'bigint', number: 'double' } as const;

/** The fields of a record, in the order in which tables and files have them. */
export const LINEAGE_COLUMNS = {
  run_id: 'text',
  temporal_run_id: 'text',
  knot_id: 'text',
  knot_class: 'text',
  definition_version: 'text',
  code_hash: 'text',
  knot_config_hash: 'text',
  parent_input_hashes: 'json',
  constant_input_hashes: 'json',
  parent_knot_ids: 'json',
  output_hash: 'text',
  output_size: 'whole',
  outcome: 'text',
  skip_reason: 'text',
  error_record_id: 'text',
  cached_from_run: 'text',
  cache_key: 'text',
  dispatcher: 'text',
  task_queue: 'text',
  worker: 'text',
  attempt: 'whole',
  scheduled_at: 'number',
  started_at: 'number',
  finished_at: 'number',
  extra: 'json',
} as const satisfies Record<keyof LineageRecord, ColumnType>;

export const RUN_COLUMNS = {
  run_id: 'text',
  temporal_run_id: 'text',
  tapestry: 'text',
  plan_hash: 'text',
  parameter_hashes: 'json',
  terminals: 'json',
  status: 'text',
  actor: 'text',
  trigger: 'text',
  tags: 'json',
  vcs_commit: 'text',
  parent_run_id: 'text',
  started_at: 'number',
  finished_at: 'number',
  environment: 'json',
} as const satisfies Record<keyof RunRecord, ColumnType>;

type Columns = Readonly<Record<string, ColumnType>>;

/** The columns of a `create table`. */
export function columnDefinitions(columns: Columns): string {
  return Object.entries(columns)
    .map(([name, type]) => `${name} ${SQL_TYPES[type]}`)
    .join(', ');
}

export function columnNames(columns: Columns): string {
  return Object.keys(columns).join(', ');
}

/** Appends the fields of a record; the row is not ended. */
export function appendFields(appender: DuckDbAppenderLike, columns: Columns, record: object): void {
  for (const [name, type] of Object.entries(columns)) {
    const value = (record as Record<string, unknown>)[name];
    if (value === null || value === undefined) appender.appendNull();
    else if (type === 'text') appender.appendVarchar(value as string);
    else if (type === 'json') appender.appendVarchar(JSON.stringify(value));
    else if (type === 'whole') appender.appendBigInt(BigInt(value as number));
    else appender.appendDouble(value as number);
  }
}

/** The fields as values of an SQL statement. */
export function fieldValues(columns: Columns, record: object): (string | number | null)[] {
  return Object.entries(columns).map(([name, type]) => {
    const value = (record as Record<string, unknown>)[name] as string | number | null;
    return type === 'json' ? JSON.stringify(value) : (value ?? null);
  });
}

export type Row = Readonly<Record<string, unknown>>;

export function lineageOf(row: Row): LineageRecord {
  return recordOf(LINEAGE_COLUMNS, row) as LineageRecord;
}

export function runOf(row: Row): RunRecord {
  return recordOf(RUN_COLUMNS, row) as RunRecord;
}

function recordOf(columns: Columns, row: Row): unknown {
  return Object.fromEntries(Object.entries(columns).map(([name, type]) => [name, fieldOf(type, row[name])]));
}

export function fieldOf(type: ColumnType, value: unknown): unknown {
  if (value === null) return null;
  if (type === 'json') return JSON.parse(value as string);
  return type === 'whole' ? Number(value) : value;
}

/** Whole numbers as numbers, where they are exact so. */
export function plainRow(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value,
    ]),
  );
}

const HASH_BITS = /^(?:bytes-)?sha256:([0-9a-f]{16})[0-9a-f]{48}$/;

/**
 * The first 64 bits of a hash, or of the hash of another text. A column of them is read through some ten times as fast as one of
 * the texts, which is how records are found by hash without an index; what is found is compared with the whole text.
 */
export function bitsOf(text: string): bigint {
  return BigInt(`0x${HASH_BITS.exec(text)?.[1] ?? nodeSha256(text).slice(0, 16)}`);
}
