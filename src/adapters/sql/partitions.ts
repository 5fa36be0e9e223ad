import { sql, type RawBuilder } from 'kysely';
import type {
  CodeOfKnot,
  MadeForPartition,
  OutputOfKnot,
  PartitionQueries,
  PartitionRun,
  PartitionRuns,
} from '../../ports';
import type { SqlDatabase, SqlDialect, SqlExecutor } from './database';
import { OUTPUT } from './schema';

/** The databases accept any number of ids, and plan for a thousand as for one. */
const AT_ONCE = 1_000;

interface RunRow extends Omit<PartitionRun, 'parameter_hashes' | 'terminals'> {
  readonly id: number;
  readonly partition: string;
  readonly runs: number;
  readonly parameter_hashes: string;
  readonly terminals: string;
}

interface RunsOfCode extends Omit<CodeOfKnot, 'temporal_run_id'> {
  /** The `temporal_run_id` of each run, as JSON. */
  readonly runs: string;
}

export class SqlPartitionQueries implements PartitionQueries {
  constructor(
    private readonly database: SqlDatabase,
    private readonly catchUp: () => Promise<void>,
  ) {}

  async partitionRuns(tapestry: string): Promise<PartitionRuns[]> {
    const rows = await this.database.read((db) => newestRuns(db, this.database.dialect, tapestry));
    const parsed = new Map<string, Record<string, string>>();
    // Most runs have equal texts, so each text is parsed once.
    const read = (text: string): Record<string, string> => {
      let value = parsed.get(text);
      if (!value) parsed.set(text, (value = JSON.parse(text) as Record<string, string>));
      return value;
    };
    const found = new Map<string, PartitionRuns>();
    // Of runs that began at the same time, the one recorded last is the newest.
    for (const { id: _, partition, runs, ...row } of rows.sort((a, b) => a.id - b.id)) {
      const run = { ...row, parameter_hashes: read(row.parameter_hashes), terminals: read(row.terminals) };
      const known = found.get(partition);
      const isNewest = !known || run.started_at >= known.newest.started_at;
      const newestOk =
        run.status === 'succeeded' && !(known?.newestOk && known.newestOk.started_at > run.started_at)
          ? run
          : known?.newestOk;
      found.set(partition, {
        partition,
        runs: Number(runs),
        newest: isNewest ? run : known.newest,
        ...(newestOk && { newestOk }),
      });
    }
    return [...found.values()];
  }

  async otherCode(
    temporalRunIds: readonly string[],
    codes: ReadonlyMap<string, string>,
  ): Promise<CodeOfKnot[]> {
    const { isOneOf, isOnePairOf, jsonList } = this.database.dialect;
    const knots = [...codes.keys()];
    // The query returns one row for all runs of equal code, as all of them differ after an edit.
    const found = await this.#inPieces(temporalRunIds, (db, ids) =>
      sql<RunsOfCode>`
        select l.knot_id, l.code_hash, ${jsonList('l.temporal_run_id')} as runs from selvage_lineage as l
        where ${isOneOf('l.temporal_run_id', ids)} and ${isOneOf('l.knot_id', knots)} and l.code_hash is not null
          and not ${isOnePairOf(['l.knot_id', 'l.code_hash'], [...codes])}
        group by l.knot_id, l.code_hash`.execute(db),
    );
    return found.flatMap(({ knot_id, code_hash, runs }) =>
      (JSON.parse(runs) as string[]).map((temporal_run_id) => ({ temporal_run_id, knot_id, code_hash })),
    );
  }

  async outputsOf(temporalRunIds: readonly string[], knotIds: readonly string[]): Promise<OutputOfKnot[]> {
    const { dialect } = this.database;
    return await this.#inPieces(temporalRunIds, (db, ids) =>
      sql<OutputOfKnot>`
        select l.temporal_run_id, l.knot_id, l.output_hash from selvage_lineage as l
        where ${dialect.isOneOf('l.temporal_run_id', ids)} and ${dialect.isOneOf('l.knot_id', knotIds)}`.execute(
        db,
      ),
    );
  }

  async madeForPartitions(hashes: readonly string[]): Promise<MadeForPartition[]> {
    await this.catchUp();
    const { join, isOneOf, indexedRoles } = this.database.dialect;
    const made = indexedRoles.has(OUTPUT)
      ? (ids: readonly string[]): RawBuilder<unknown> =>
          sql`selvage_lineage_index as w ${join} selvage_lineage as l on l.id = w.lineage and w.role = ${OUTPUT} and ${isOneOf('w.key', ids)}`
      : (ids: readonly string[]): RawBuilder<unknown> =>
          sql`(select * from selvage_lineage where ${isOneOf('output_hash', ids)}) as l`;
    return await this.#inPieces(hashes, (db, ids) =>
      sql<MadeForPartition>`
        select l.output_hash as hash, l.output_size, r.tapestry, r.partition, l.knot_id, l.temporal_run_id, l.finished_at
        from ${made(ids)} ${join} selvage_runs as r on r.temporal_run_id = l.temporal_run_id
        where r.partition is not null and l.definition <> 'parameter'`.execute(db),
    );
  }

  async #inPieces<T>(
    all: readonly string[],
    ask: (db: SqlExecutor, some: readonly string[]) => Promise<{ readonly rows: T[] }>,
  ): Promise<T[]> {
    const found: T[] = [];
    for (let start = 0; start < all.length; start += AT_ONCE) {
      const some = all.slice(start, start + AT_ONCE);
      const { rows } = await this.database.read((db) => ask(db, some));
      // The rows are plain objects, whatever the database returns as rows.
      for (const row of rows) found.push({ ...row });
    }
    return found;
  }
}

/** The partitions' index covers all columns of the first part. */
async function newestRuns(db: SqlExecutor, { join }: SqlDialect, tapestry: string): Promise<RunRow[]> {
  const { rows } = await sql<RunRow>`
    with newest as (
      select partition, count(*) as runs, max(started_at) as any_at,
        max(case when status = 'succeeded' then started_at end) as ok_at
      from selvage_runs where tapestry = ${tapestry} and partition is not null group by partition
    )
    select r.id, r.partition, newest.runs, r.run_id, r.temporal_run_id, r.plan_hash, r.parameter_hashes, r.terminals,
      r.status, r.started_at, r.finished_at
    from newest ${join} selvage_runs as r
      on r.tapestry = ${tapestry} and r.partition = newest.partition and r.started_at in (newest.any_at, newest.ok_at)`.execute(
    db,
  );
  return rows;
}
