import type {
  LineageQuery,
  LineageRecord,
  Page,
  RecordedOutcome,
  RunQuery,
  RunRecord,
} from '../../../protocols';
import { pageLimit, pageOf, pageStart } from '../../shared/pages';
import type { DuckDbValue } from './client';
import { bitsOf, fieldOf, lineageOf, runOf, type Row } from './columns';
import { findLineage, isText, rowsOf, valuesOf, where, type Query } from './lineage-query';
import { referredValues } from './referred-values';

const OUTCOME_COLUMNS = 'id, temporal_run_id, knot_id, outcome, output_hash, output_size, extra';

/** All that a run history is asked, over the tables or views `selvage_lineage` and `selvage_runs`. */
export class DuckDbRecords {
  readonly #query: Query;
  readonly #hasBits: boolean;

  /** @param hasBits whether there are columns, and a table, of the bits of hashes */
  constructor(query: Query, hasBits: boolean) {
    this.#query = query;
    this.#hasBits = hasBits;
  }

  async getRun(runId: string): Promise<RunRecord | undefined> {
    const [row] = await this.#query(
      'select * from selvage_runs where run_id = ? order by started_at desc, id desc limit 1',
      [runId],
    );
    return row && runOf(row);
  }

  async getRunByTemporalId(temporalRunId: string): Promise<RunRecord | undefined> {
    const [row] = await this.#query('select * from selvage_runs where temporal_run_id = ? limit 1', [
      temporalRunId,
    ]);
    return row && runOf(row);
  }

  async listRuns(asked: RunQuery = {}): Promise<Page<RunRecord>> {
    const limit = pageLimit(asked);
    const conditions = runConditions(asked);
    const rows = await this.#query(
      `select * from selvage_runs ${where(conditions)} order by started_at desc, id desc limit ${limit + 1}`,
      valuesOf(conditions),
    );
    const position = (row: Row) => ({ time: row['started_at'] as number, sequence: Number(row['id']) });
    return pageOf(rows, limit, position, runOf);
  }

  async getRecords(temporalRunId: string, knotIds?: readonly string[]): Promise<LineageRecord[]> {
    return (await this.#rowsOfRun(temporalRunId, knotIds, '*')).map(lineageOf);
  }

  async getOutcomes(temporalRunId: string, knotIds: readonly string[]): Promise<RecordedOutcome[]> {
    const rows = await this.#rowsOfRun(temporalRunId, knotIds, OUTCOME_COLUMNS);
    return rows.map((row) => ({
      knot_id: row['knot_id'] as string,
      outcome: row['outcome'] as RecordedOutcome['outcome'],
      output_hash: row['output_hash'] as string | null,
      output_size: fieldOf('whole', row['output_size']) as number | null,
      extra: fieldOf('json', row['extra']) as RecordedOutcome['extra'],
    }));
  }

  async countRecords(temporalRunId: string, prefix: string): Promise<number> {
    const [row] = await this.#query(
      'select count(*) as count from selvage_lineage where temporal_run_id = ? and starts_with(knot_id, ?)',
      [temporalRunId, prefix],
    );
    return Number(row!['count']);
  }

  referredTo(hashes: readonly string[]): Promise<Set<string>> {
    return referredValues(this.#query, hashes, this.#hasBits);
  }

  async findHashes(prefix: string, limit: number): Promise<string[]> {
    const columns = [
      'output_hash',
      ...['parent_input_hashes', 'constant_input_hashes'].map(
        (column) => `unnest(json_extract_string(${column}, '$.*'))`,
      ),
    ];
    const named = columns
      .map((column) => `select ${column} as hash from selvage_lineage`)
      .join(' union all ');
    const rows = await this.#query(
      `select distinct hash from (${named}) where starts_with(hash, ?) order by hash limit ${limit}`,
      [prefix],
    );
    return rows.map((row) => row['hash'] as string);
  }

  async findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>> {
    if (keys.length === 0) return new Map();
    const [column, condition, values] = this.#hasBits
      ? (['cache_bits', `cache_bits in (${keys.map(bitsOf).join(', ')})`, []] as const)
      : ([
          'cache_key',
          `outcome = 'ok' and cached_from_run is null and ${inList('cache_key')}`,
          [JSON.stringify(keys)],
        ] as const);
    const places = await this.#query(
      `select id from selvage_lineage where ${condition}
       qualify row_number() over (partition by ${column} order by finished_at desc, id desc) = 1`,
      [...values],
    );
    const records = (await rowsOf(this.#query, places)).map(lineageOf);
    return new Map(records.map((record) => [record.cache_key!, record]));
  }

  async findLineage(asked: LineageQuery): Promise<Page<LineageRecord>> {
    return await findLineage(this.#query, asked, this.#hasBits);
  }

  async #rowsOfRun(
    temporalRunId: string,
    knotIds: readonly string[] | undefined,
    columns: string,
  ): Promise<Row[]> {
    const ofRun = isText('temporal_run_id', 'run_bits', temporalRunId, this.#hasBits);
    const values = [...(ofRun.values ?? [])];
    const rows =
      knotIds === undefined
        ? await this.#query(`select ${columns} from selvage_lineage where ${ofRun.sql}`, values)
        : await this.#rowsOfKnots(ofRun.sql, values, knotIds, columns);
    return rows.filter((row) => row['temporal_run_id'] === temporalRunId);
  }

  async #rowsOfKnots(
    ofRun: string,
    values: DuckDbValue[],
    knotIds: readonly string[],
    columns: string,
  ): Promise<Row[]> {
    // Materialised, so that DuckDB does not look at the ids of the knots of all runs.
    const places = await this.#query(
      `with run as materialized (select id, knot_id from selvage_lineage where ${ofRun})
       select id from run where ${inList('knot_id')}`,
      [...values, JSON.stringify(knotIds)],
    );
    return await rowsOf(this.#query, places, columns);
  }
}

/** The list is one value, JSON. */
function inList(column: string): string {
  return `${column} in (select unnest(from_json(?, '["VARCHAR"]')))`;
}

function runConditions(asked: RunQuery): { sql: string; values: DuckDbValue[] }[] {
  const conditions: { sql: string; values: DuckDbValue[] }[] = [];
  for (const column of ['tapestry', 'status', 'actor', 'trigger'] as const) {
    const value = asked[column];
    if (value !== undefined) conditions.push({ sql: `${column} = ?`, values: [value] });
  }
  if (asked.tag !== undefined)
    conditions.push({ sql: `list_contains(from_json(tags, '["VARCHAR"]'), ?)`, values: [asked.tag] });
  if (asked.since !== undefined) conditions.push({ sql: 'started_at >= ?', values: [asked.since] });
  if (asked.until !== undefined) conditions.push({ sql: 'started_at < ?', values: [asked.until] });
  const start = pageStart(asked);
  if (start !== undefined)
    conditions.push({
      sql: '(started_at < ? or (started_at = ? and id < ?))',
      values: [start.time, start.time, start.sequence],
    });
  return conditions;
}
