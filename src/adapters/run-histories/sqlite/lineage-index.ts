import { sql } from 'kysely';
import type { SqliteDatabase } from '../../shared/sqlite';
import type { SqliteConnection } from '../../shared/sqlite/connection';
import { ANY, CLASS, INPUT, KNOT, OUTCOME_BUT_OK, OUTPUT, RUN } from '../../shared/sql/schema';

/** Records of one transaction: some milliseconds. */
const STEP = 250;
/** The index is brought up to date when nothing was committed for so long, … */
const QUIET_MS = 1_000;
/** … and at the latest after so long, so that no listing has much to do first. */
const LATEST_MS = 15_000;

const COLUMNS = [
  ['run_id', RUN],
  ['knot_id', KNOT],
  ['knot_class', CLASS],
  ["''", ANY],
  ['output_hash', OUTPUT, 'output_hash is not null'],
  ['outcome', OUTCOME_BUT_OK, "outcome <> 'ok'"],
] as const;

interface IndexRow {
  readonly key: string;
  readonly role: number;
  readonly finished_at: number;
  readonly lineage: number;
}

/** What leads to records, which are chosen by their `l.id`. */
const keysOf = (chosen: string): string[] => [
  ...COLUMNS.map(
    ([key, role, condition = 'true']) =>
      `select ${key} as key, ${role} as role, finished_at, l.id as lineage from selvage_lineage as l where ${chosen} and ${condition}`,
  ),
  ...['parent_input_hashes', 'constant_input_hashes'].map(
    (column) =>
      `select input.value as key, ${INPUT} as role, finished_at, l.id as lineage from selvage_lineage as l, json_each(l.${column}) as input
       where ${chosen} and input.value is not null`,
  ),
];

/** Each takes the ids after which and through which the records are. */
const KEYS = keysOf('l.id > ? and l.id <= ?');
/** Each takes a list of ids. */
const KEYS_OF_LISTED = keysOf('l.id in (select value from json_each(?))');

/**
 * The index of lineage listings lags behind the commits: to write all its places with each record would cost more than the
 * record. A listing brings it up to date first; so does the writer when it has nothing else to do, so that little is left.
 */
export class LineageIndex {
  readonly #database: SqliteDatabase;
  #timer: NodeJS.Timeout | undefined;
  #lastCommit = 0;
  #isClosed = false;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** To be called after each commit. */
  noteCommit(): void {
    this.#lastCommit = performance.now();
    if (this.#timer === undefined && !this.#isClosed) this.#wait(QUIET_MS, this.#lastCommit);
  }

  /** Brings the index up to date. */
  async catchUp(): Promise<void> {
    while (!this.#isClosed && (await this.#isBehind())) {
      if (!(await this.#database.writeAtOnce(indexNext))) return;
      // Commits of this process go between two steps.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Brings the index up to date if that is little work; what is left, others do. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const hasWritten = this.#timer !== undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Not worth an error: the next listing does it, or tells.
    if (hasWritten) await this.#database.writeAtOnce(indexNext).catch(() => undefined);
  }

  #wait(ms: number, since: number): void {
    this.#timer = setTimeout(() => {
      const quiet = performance.now() - this.#lastCommit;
      if (quiet < QUIET_MS && performance.now() - since < LATEST_MS)
        return this.#wait(QUIET_MS - quiet, since);
      this.#timer = undefined;
      this.catchUp().catch(() => undefined);
    }, ms).unref();
  }

  async #isBehind(): Promise<boolean> {
    const { rows } = await this.#database.read((db) =>
      sql<{
        behind: number;
      }>`select exists (select 1 from selvage_lineage where id > (select through from selvage_lineage_indexed)) as behind`.execute(
        db,
      ),
    );
    return rows[0]!.behind === 1;
  }
}

/** Removes some records of a run, and answers how many. Must run inside a transaction. */
export function deleteRecords(connection: SqliteConnection, temporalRunId: string, limit: number): number {
  const rows = connection.all<{ id: number }>(
    'select id from selvage_lineage where temporal_run_id = ? limit ?',
    [temporalRunId, limit],
  );
  if (rows.length === 0) return 0;
  const ids = JSON.stringify(rows.map(({ id }) => id));
  const places = connection.all<IndexRow>(
    `select * from (${KEYS_OF_LISTED.join(' union all ')})`,
    KEYS_OF_LISTED.map(() => ids),
  );
  // One by one: for a list of keys, SQLite would look at the whole index.
  for (const { key, role, finished_at, lineage } of places) {
    connection.run(
      'delete from selvage_lineage_index where key = ? and role = ? and finished_at = ? and lineage = ?',
      [key, role, finished_at, lineage],
    );
  }
  connection.run('delete from selvage_lineage where id in (select value from json_each(?))', [ids]);
  // The next record gets the id behind the highest that is left, and must be indexed, too.
  connection.run(
    'update selvage_lineage_indexed set through = min(through, (select coalesce(max(id), 0) from selvage_lineage))',
    [],
  );
  return rows.length;
}

/** Indexes the next records and answers whether there are more. Must run inside a transaction. */
function indexNext(connection: SqliteConnection): boolean {
  const [state] = connection.all<{ through: number; newest: number | null }>(
    'select through, (select max(id) from selvage_lineage) as newest from selvage_lineage_indexed',
    [],
  );
  const { through, newest } = state!;
  if (newest === null || newest <= through) return false;
  const upTo = Math.min(newest, through + STEP);
  connection.run(
    `insert or ignore into selvage_lineage_index (key, role, finished_at, lineage) ${KEYS.join(' union all ')} order by 1, 2`,
    KEYS.flatMap(() => [through, upTo]),
  );
  connection.run('update selvage_lineage_indexed set through = ?', [upTo]);
  return upTo < newest;
}
