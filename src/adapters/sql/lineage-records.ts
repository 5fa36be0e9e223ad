import type { Selectable } from 'kysely';
import type { LineageRecord } from '../../ports';
import type { LineageTable } from './schema';

/** The columns of `selvage_lineage` that a record fills, in the order in which adapters insert them. */
export const LINEAGE_COLUMNS = [
  'run_id',
  'temporal_run_id',
  'knot_id',
  'definition',
  'definition_version',
  'code_hash',
  'knot_config_hash',
  'parent_input_hashes',
  'constant_input_hashes',
  'parent_knot_ids',
  'output_hash',
  'output_size',
  'outcome',
  'skip_reason',
  'error_record_id',
  'cached_from_run',
  'cache_key',
  'dispatcher',
  'task_queue',
  'worker',
  'attempt',
  'scheduled_at',
  'started_at',
  'finished_at',
  'extra',
] as const satisfies readonly (keyof LineageRecord)[];

/** A record's value for a column: objects are JSON text. */
export function columnValue(record: LineageRecord, column: (typeof LINEAGE_COLUMNS)[number]): unknown {
  const value = record[column];
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

export function recordOf({
  id: _,
  change: __,
  made_in: ___,
  ...row
}: Selectable<LineageTable>): LineageRecord {
  return {
    ...row,
    parent_input_hashes: JSON.parse(row.parent_input_hashes),
    constant_input_hashes: JSON.parse(row.constant_input_hashes),
    parent_knot_ids: JSON.parse(row.parent_knot_ids),
    extra: JSON.parse(row.extra),
  };
}
