import { sql } from 'kysely';
import type {
  ChangesOptions,
  CommitResult,
  EmitterTable,
  HistoryChange,
  LeaseTable,
  LineageRecord,
  RecordKey,
  RequiredRecords,
  RunEnd,
  StartLedger,
  StorageSpace,
  StoredValue,
} from '../../ports';
import { PostgresEmitterTable } from './emitter-table';
import { PostgresStartLedger } from './start-ledger';
import { PostgresLeaseTable } from './lease-table';
import { readChanges } from '../../ports/parts/changes';
import { openPostgresDatabase, type PostgresOptions } from './open';
import type { PostgresDatabase } from './database';
import type { SqlExecutor } from '../sql/database';
import {
  BUCKETS_PER_E,
  EDGE,
  addKnotFigures,
  type StatisticsTally,
} from '../../ports/parts/statistics-tally';
import { SqlRunHistory, type KnotStatisticsQuery } from '../sql/run-history';
import { changesBehind, lastChange, raiseNumbers } from './changes';
import { Writers } from './writers';
import { cachedRecords, commitRecords, deleteRecords, recordsByKeys, referredValues } from './lineage-rows';

const SPACE = `
  select coalesce(sum(pg_total_relation_size(oid)), 0)::double precision as bytes
  from pg_class where relkind = 'r' and starts_with(relname, 'selvage_') and pg_table_is_visible(oid)`;

/** Runs and lineage in a Postgres database. */
export class PostgresRunHistory extends SqlRunHistory<PostgresDatabase> {
  readonly technology = 'postgres';
  protected readonly numberOfChange = 'l.change';
  readonly #writers = new Writers(this.watch);

  async commitWith(
    records: readonly LineageRecord[],
    values: readonly StoredValue[],
  ): Promise<CommitResult[]> {
    if (records.length === 0 && values.length === 0) return [];
    return await this.#writers.commit((writer) => commitRecords(this.database, records, values, writer));
  }

  async *changes(options: ChangesOptions = {}): AsyncGenerator<readonly HistoryChange[], void, void> {
    await raiseNumbers(this.database);
    yield* readChanges((after) => changesBehind(this.database, after), options);
  }

  /** A user who may only read can end a run on the server; a worker then writes its record. */
  override async endRun(temporalRunId: string, end: RunEnd, required?: RequiredRecords): Promise<boolean> {
    if (this.database.isReadOnly) return false;
    return await super.endRun(temporalRunId, end, required);
  }

  recordsOf(knots: readonly RecordKey[]): Promise<LineageRecord[]> {
    return recordsByKeys(this.database, knots);
  }

  async lastChange(): Promise<string | undefined> {
    await raiseNumbers(this.database);
    return await lastChange(this.database);
  }

  async space(): Promise<StorageSpace> {
    const { rows } = await this.database.run(SPACE, []);
    return { bytes: Number(rows[0]!.bytes) };
  }

  leasesBeside(): LeaseTable {
    return new PostgresLeaseTable(this.database);
  }

  emitterTableBeside(): EmitterTable {
    return new PostgresEmitterTable(this.database);
  }

  startLedgerBeside(): StartLedger {
    return new PostgresStartLedger(this.database);
  }

  referredTo(hashes: readonly string[]): Promise<Set<string>> {
    return referredValues(this.database, hashes);
  }

  protected async tallyKnots(
    tally: StatisticsTally,
    { by, since, until }: KnotStatisticsQuery,
  ): Promise<void> {
    // The queries run in parallel: the server takes a processor for each.
    const found = await Promise.all(
      (['duration', 'queued'] as const).map((time) =>
        this.database.run(knotFigures(by, time), [since, until]),
      ),
    );
    for (const { rows } of found) for (const row of rows) addKnotFigures(tally, row);
  }

  protected async lockStepsBack(db: SqlExecutor): Promise<void> {
    await sql`lock table selvage_steps_back in exclusive mode`.execute(db);
  }

  protected override async lastCommitBefore(db: SqlExecutor, until: number): Promise<number> {
    // The last commit's time is by the database's clock, like `until`.
    const { last } = await db
      .selectFrom('selvage_writers')
      .select((of) => of.fn.max('committed_at').as('last'))
      .where('committed_at', '<=', until)
      .executeTakeFirstOrThrow();
    return last ?? (await super.lastCommitBefore(db, until));
  }

  protected deleteRecords(temporalRunId: string, limit: number): Promise<number> {
    return deleteRecords(this.database, temporalRunId, limit);
  }

  findCached(keys: readonly string[]): Promise<Map<string, LineageRecord>> {
    return cachedRecords(this.database, keys);
  }
}

const NAMES = {
  definition: 'definition',
  knot: `case when strpos(knot_id, '[') > 0 then split_part(knot_id, '[', 1) || '[]' else knot_id end`,
} as const;

const bucket = (time: string): string =>
  `floor(ln(greatest(${time}, 0) + 1) * ${BUCKETS_PER_E} + ${EDGE})::integer`;

const TIMES = {
  duration: [bucket('finished_at - started_at'), 'null::integer'],
  queued: ['null::integer', bucket('started_at - scheduled_at')],
} as const;

/**
 * Figures of the knots that finished in a window: a row for all with one duration, or for all that were queued equally
 * long. Grouping by both durations might give a row for each knot. The query reads only the index
 * `selvage_lineage_by_finished_at`, which has these columns and a tenth of the table's size. The offset hides the
 * buckets' origin from the planner. A planner that knew it would expect a group for each time, and sort a million
 * records instead of hashing.
 */
function knotFigures(by: KnotStatisticsQuery['by'], time: keyof typeof TIMES): string {
  const [duration, queued] = TIMES[time];
  return `
  select name, outcome, is_reused, duration, queued, count(*) as count, coalesce(sum(output_size), 0) as bytes, coalesce(sum(made_in), 0) as saved
  from (
    select ${NAMES[by]} as name, outcome, made_in is not null as is_reused, output_size, made_in, ${duration} as duration, ${queued} as queued
    from selvage_lineage where finished_at >= $1 and finished_at < $2 and definition <> 'parameter'
    offset 0
  ) as knots
  group by name, outcome, is_reused, duration, queued`;
}

/** Throws the errors of {@link openPostgresDatabase}. */
export async function createPostgresRunHistory(options: PostgresOptions): Promise<PostgresRunHistory> {
  return new PostgresRunHistory(await openPostgresDatabase(options));
}
