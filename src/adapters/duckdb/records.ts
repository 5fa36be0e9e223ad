import {
  LINEAGE,
  RUN,
  type LineageQuery,
  type LineageRecord,
  type Page,
  type RecordedOutcome,
  type RunQuery,
  type RunRecord,
  type Statistics,
  type StatisticsQuery,
} from '../../ports';
import type { RowOf } from '../../ports/columns';
import {
  addKnotFigures,
  addRunFigures,
  BUCKETS_PER_E,
  EDGE,
  StatisticsTally,
} from '../../ports/parts/statistics-tally';
import { pageLimit, pageOf, pageStart } from '../../ports/parts/pages';
import type { DuckDbConnectionLike, DuckDbValue } from './client';
import { plainRow, type Row } from './columns';

const lineageOf = (row: Row): LineageRecord => LINEAGE.fromRow(row as RowOf<LineageRecord>);
const runOf = (row: Row): RunRecord => RUN.fromRow(row as RowOf<RunRecord>);

/** Runs a statement, and returns its rows. */
export type Query = (sql: string, values?: DuckDbValue[]) => Promise<Row[]>;

export const queryOf =
  (connection: DuckDbConnectionLike): Query =>
  async (sql, values) =>
    (await connection.runAndReadAll(sql, values)).getRowObjectsJS();

const OUTCOME_COLUMNS = 'knot_id, outcome, output_hash, output_size, extra';
const INPUTS = ['parent_input_hashes', 'constant_input_hashes'] as const;

/** A list of texts, passed as one JSON value. */
const LIST = `(select unnest(from_json(?, '["VARCHAR"]')))`;

/** The places in `extra` where records mention values, each with a word by which the few such records are found. */
const MENTIONED = [
  ['$.extension', 'extension'],
  ['$.error.traceback_hash', 'traceback_hash'],
  ['$.log.hash', '"log"'],
] as const;

/** All queries of a run history, over the tables or views `selvage_lineage` and `selvage_runs`. */
export class DuckDbRecords {
  readonly #query: Query;

  constructor(query: Query) {
    this.#query = query;
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
    const { tapestry, status, actor, trigger, tag } = asked;
    return await this.#page(
      'selvage_runs',
      'started_at',
      asked,
      { tapestry, status, actor, trigger },
      runOf,
      [
        ...(tag === undefined
          ? []
          : [{ sql: `list_contains(from_json(tags, '["VARCHAR"]'), ?)`, values: [tag] }]),
      ],
    );
  }

  async getRecords(temporalRunId: string, knotIds?: readonly string[]): Promise<LineageRecord[]> {
    return (await this.#rowsOfRun('*', temporalRunId, knotIds)).map(lineageOf);
  }

  async getOutcomes(temporalRunId: string, knotIds: readonly string[]): Promise<RecordedOutcome[]> {
    const rows = await this.#rowsOfRun(OUTCOME_COLUMNS, temporalRunId, knotIds);
    return rows.map((row) => ({
      knot_id: row['knot_id'] as string,
      outcome: row['outcome'] as RecordedOutcome['outcome'],
      output_hash: row['output_hash'] as string | null,
      output_size: row['output_size'] === null ? null : Number(row['output_size']),
      extra: JSON.parse(row['extra'] as string),
    }));
  }

  async countRecords(temporalRunId: string, prefix: string): Promise<number> {
    const [row] = await this.#query(
      'select count(*) as count from selvage_lineage where temporal_run_id = ? and starts_with(knot_id, ?)',
      [temporalRunId, prefix],
    );
    return Number(row!['count']);
  }

  async referredTo(hashes: readonly string[]): Promise<Set<string>> {
    if (hashes.length === 0) return new Set();
    const mentioned = MENTIONED.map(
      ([at, word]) =>
        `select json_extract_string(extra, '${at}') as hash from selvage_lineage where contains(extra, '${word}')`,
    );
    const rows = await this.#query(
      `select distinct hash from (${[NAMED, ...mentioned].join(' union all ')}) where hash in ${LIST}`,
      [JSON.stringify(hashes)],
    );
    return new Set(rows.map((row) => row['hash'] as string));
  }

  async statistics(query: StatisticsQuery): Promise<Statistics[]> {
    const { by, since, until } = query;
    const tally = new StatisticsTally();
    const [text, add] =
      by === 'tapestry'
        ? [RUN_FIGURES, addRunFigures]
        : [knotFigures(by === 'definition' ? 'definition' : NAME_OF_KNOT), addKnotFigures];
    for (const row of await this.#query(text, [since, until])) add(tally, plainRow(row));
    return tally.result();
  }

  async findHashes(prefix: string, limit: number): Promise<string[]> {
    const rows = await this.#query(
      `select distinct hash from (${NAMED}) where starts_with(hash, ?) order by hash limit ${limit}`,
      [prefix],
    );
    return rows.map((row) => row['hash'] as string);
  }

  async findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>> {
    if (keys.length === 0) return new Map();
    const rows = await this.#query(
      `select * from selvage_lineage where outcome = 'ok' and cached_from_run is null and cache_key in ${LIST}
       qualify row_number() over (partition by cache_key order by finished_at desc, id desc) = 1`,
      [JSON.stringify(keys)],
    );
    return new Map(rows.map(lineageOf).map((record) => [record.cache_key!, record]));
  }

  async findLineage(asked: LineageQuery): Promise<Page<LineageRecord>> {
    const { runId, temporalRunId, knotId, map, definition, outcome, outputHash, inputHash } = asked;
    const equal = {
      run_id: runId,
      temporal_run_id: temporalRunId,
      knot_id: knotId,
      definition,
      outcome,
      output_hash: outputHash,
    };
    // The condition with `contains` is a fast filter; the second condition is exact.
    const hasInput = INPUTS.map(
      (column) => `(contains(${column}, ?) and list_contains(json_extract_string(${column}, '$.*'), ?))`,
    );
    return await this.#page('selvage_lineage', 'finished_at', asked, equal, lineageOf, [
      ...(map === undefined ? [] : [{ sql: 'starts_with(knot_id, ?)', values: [`${map}[`] }]),
      ...(inputHash === undefined
        ? []
        : [{ sql: `(${hasInput.join(' or ')})`, values: INPUTS.flatMap(() => [inputHash, inputHash]) }]),
    ]);
  }

  async #page<T>(
    table: string,
    time: string,
    asked: LineageQuery | RunQuery,
    equal: Readonly<Record<string, string | undefined>>,
    read: (row: Row) => T,
    more: readonly { sql: string; values: DuckDbValue[] }[],
  ): Promise<Page<T>> {
    const limit = pageLimit(asked);
    const start = pageStart(asked);
    const conditions = [...more];
    const add = (sql: string, ...values: DuckDbValue[]): number => conditions.push({ sql, values });
    for (const [column, value] of Object.entries(equal)) if (value !== undefined) add(`${column} = ?`, value);
    if (asked.since !== undefined) add(`${time} >= ?`, asked.since);
    if (asked.until !== undefined) add(`${time} < ?`, asked.until);
    if (start) add(`(${time} < ? or (${time} = ? and id < ?))`, start.time, start.time, start.sequence);
    const where = conditions.length === 0 ? '' : `where ${conditions.map(({ sql }) => sql).join(' and ')}`;
    const rows = await this.#query(
      `select * from ${table} ${where} order by ${time} desc, id desc limit ${limit + 1}`,
      conditions.flatMap(({ values }) => values),
    );
    return pageOf(rows, limit, (row) => ({ time: row[time] as number, sequence: Number(row['id']) }), read);
  }

  #rowsOfRun(columns: string, temporalRunId: string, knotIds?: readonly string[]): Promise<Row[]> {
    const ofRun = `select ${columns} from selvage_lineage where temporal_run_id = ?`;
    return knotIds === undefined
      ? this.#query(ofRun, [temporalRunId])
      : this.#query(`${ofRun} and knot_id in ${LIST}`, [temporalRunId, JSON.stringify(knotIds)]);
  }
}

const NAME_OF_KNOT = `case when contains(knot_id, '[') then split_part(knot_id, '[', 1) || '[]' else knot_id end`;

/** One row counts all knots of one duration, and another row all knots that were queued for as long. */
const knotFigures = (name: string): string => `
  select name, outcome, is_reused, duration, queued, count(*) as count, coalesce(sum(output_size), 0) as bytes, coalesce(sum(saved), 0) as saved
  from (
    select ${name} as name, outcome, cached_from_run is not null as is_reused, output_size,
      ${bucketText('finished_at - started_at')} as duration, ${bucketText('started_at - scheduled_at')} as queued,
      case when cached_from_run is not null then json_extract(extra, '$.made_in')::double end as saved
    from selvage_lineage where finished_at >= ? and finished_at < ? and definition <> 'parameter'
  )
  group by grouping sets ((name, outcome, is_reused, duration), (name, outcome, is_reused, queued))`;

const RUN_FIGURES = `
  select tapestry as name, status, finished_at - started_at as took, count(*) as count
  from selvage_runs where finished_at >= ? and finished_at < ? group by all`;

function bucketText(time: string): string {
  return `floor(ln(greatest(${time}, 0) + 1) * ${BUCKETS_PER_E} + ${EDGE})`;
}

/** Every hash that a record names as its output or an input. */
const NAMED = ['output_hash', ...INPUTS.map((column) => `unnest(json_extract_string(${column}, '$.*'))`)]
  .map((column) => `select ${column} as hash from selvage_lineage`)
  .join(' union all ');
