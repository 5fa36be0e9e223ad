import type { LineageQuery, LineageRecord, Page } from '../../../protocols';
import { pageLimit, pageOf, pageStart } from '../../shared/pages';
import type { DuckDbValue } from './client';
import { bitsOf, lineageOf, type Row } from './columns';

/** Answers the rows of a statement. */
export type Query = (sql: string, values?: DuckDbValue[]) => Promise<Row[]>;

/** Records of one statement, by their ids. */
const BATCH = 1_000;

interface Condition {
  readonly sql: string;
  readonly values?: readonly DuckDbValue[];
}

/**
 * One page. The first statement reads no more columns than it must and answers where the records are, the second reads those alone:
 * in a table by columns that is ten times as fast as to sort whole records.
 *
 * @param hasBits whether the tables have columns of bits; without them, hashes are compared as text
 */
export async function findLineage(
  query: Query,
  asked: LineageQuery,
  hasBits: boolean,
): Promise<Page<LineageRecord>> {
  const limit = pageLimit(asked);
  const start = pageStart(asked);
  const conditions = [...equalities(asked), ...hashConditions(asked, hasBits), ...timeConditions(asked)];
  if (start !== undefined) {
    const { time, sequence } = start;
    conditions.push({
      sql: '(finished_at < ? or (finished_at = ? and id < ?))',
      values: [time, time, sequence],
    });
  }
  const places = await query(
    `select id, finished_at from selvage_lineage ${where(conditions)} order by finished_at desc, id desc limit ${limit + 1}`,
    valuesOf(conditions),
  );
  const rows = new Map((await rowsOf(query, places.slice(0, limit))).map((row) => [row['id'], row] as const));
  const page = pageOf(
    places,
    limit,
    (place) => ({ time: place['finished_at'] as number, sequence: Number(place['id']) }),
    (place) => lineageOf(rows.get(place['id'])!),
  );
  // Two texts may have the same bits.
  return hasBits ? { ...page, items: page.items.filter((record) => fits(record, asked)) } : page;
}

/** The rows with these ids, in no particular order. */
export async function rowsOf(query: Query, places: readonly Row[], columns = '*'): Promise<Row[]> {
  const found: Row[] = [];
  for (let start = 0; start < places.length; start += BATCH) {
    const ids = places.slice(start, start + BATCH).map((place) => String(place['id']));
    found.push(...(await query(`select ${columns} from selvage_lineage where id in (${ids.join(', ')})`)));
  }
  return found;
}

function equalities(asked: LineageQuery): Condition[] {
  const columns = {
    run_id: asked.runId,
    knot_id: asked.knotId,
    knot_class: asked.knotClass,
    outcome: asked.outcome,
  };
  return Object.entries(columns).flatMap(([column, value]) =>
    value === undefined ? [] : [{ sql: `${column} = ?`, values: [value] }],
  );
}

function hashConditions(
  { temporalRunId, outputHash, inputHash }: LineageQuery,
  hasBits: boolean,
): Condition[] {
  const conditions: Condition[] = [];
  if (temporalRunId !== undefined)
    conditions.push(isText('temporal_run_id', 'run_bits', temporalRunId, hasBits));
  if (outputHash !== undefined) conditions.push(isText('output_hash', 'output_bits', outputHash, hasBits));
  if (inputHash === undefined) return conditions;
  if (hasBits) {
    conditions.push({
      sql: `id in (select lineage from selvage_lineage_inputs where bits = ${bitsOf(inputHash)})`,
    });
  } else {
    const inputs = ['parent_input_hashes', 'constant_input_hashes'];
    conditions.push({
      // The first is fast and leaves little for the second, which is exact.
      sql: `(${inputs.map((column) => `(contains(${column}, ?) and list_contains(json_extract_string(${column}, '$.*'), ?))`).join(' or ')})`,
      values: inputs.flatMap(() => [inputHash, inputHash]),
    });
  }
  return conditions;
}

export function isText(column: string, bits: string, text: string, hasBits: boolean): Condition {
  return hasBits ? { sql: `${bits} = ${bitsOf(text)}` } : { sql: `${column} = ?`, values: [text] };
}

function timeConditions({ since, until }: LineageQuery): Condition[] {
  return [
    ...(since === undefined ? [] : [{ sql: 'finished_at >= ?', values: [since] }]),
    ...(until === undefined ? [] : [{ sql: 'finished_at < ?', values: [until] }]),
  ];
}

export function where(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? '' : `where ${conditions.map(({ sql }) => sql).join(' and ')}`;
}

export function valuesOf(conditions: readonly Condition[]): DuckDbValue[] {
  return conditions.flatMap(({ values = [] }) => values);
}

function fits(record: LineageRecord, { temporalRunId, outputHash, inputHash }: LineageQuery): boolean {
  return (
    (temporalRunId === undefined || record.temporal_run_id === temporalRunId) &&
    (outputHash === undefined || record.output_hash === outputHash) &&
    (inputHash === undefined ||
      Object.values(record.parent_input_hashes).includes(inputHash) ||
      Object.values(record.constant_input_hashes).includes(inputHash))
  );
}
