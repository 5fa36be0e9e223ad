import type { LineageRecord, RunRecord } from '../../ports';
import { requireStorableText } from '../../ports/parts/not-storable';
import type { DuckDbAppenderLike } from './client';

/** `json`: an object or list, as its JSON text. */
type ColumnType = 'text' | 'json' | 'whole' | 'number';

const SQL_TYPES = { text: 'varchar', json: 'varchar', whole: 'bigint', number: 'double' } as const;

/** The fields of a record, in the column order of tables and files. */
export const LINEAGE_COLUMNS = {
  run_id: 'text',
  temporal_run_id: 'text',
  knot_id: 'text',
  definition: 'text',
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
  trigger_key: 'text',
  partition: 'text',
  tags: 'json',
  vcs_commit: 'text',
  parent_run_id: 'text',
  started_at: 'number',
  finished_at: 'number',
  details: 'json',
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
    else if (type === 'text') appender.appendVarchar(storable(name, value as string));
    else if (type === 'json') appender.appendVarchar(storableJson(name, value));
    else if (type === 'whole') appender.appendBigInt(BigInt(value as number));
    else appender.appendDouble(value as number);
  }
}

/** A lone surrogate would come back as another character. */
export function storable(column: string, text: string): string {
  requireStorableText(text, 'DuckDB', { column });
  return text;
}

/** JSON columns that queries look into. DuckDB keeps a lone surrogate as an escape there, which would make every such query fail later. */
const LOOKED_INTO = new Set(['tags', 'parent_input_hashes', 'constant_input_hashes']);

function storableJson(column: string, value: unknown): string {
  const text = JSON.stringify(value);
  const [, half] = (LOOKED_INTO.has(column) && HALF_OF_A_CHARACTER.exec(text)) || [];
  if (half) requireStorableText(JSON.parse(`"${half}"`) as string, 'DuckDB', { column });
  return text;
}

const HALF_OF_A_CHARACTER = /(?<!\\)(?:\\\\)*(\\ud[89a-f][\da-f]{2})/;

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

/** Converts integers to numbers where that is exact. */
export function plainRow(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value,
    ]),
  );
}
