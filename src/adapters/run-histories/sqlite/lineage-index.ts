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

/** Each takes the ids after which and through which the records are. */
const KEYS = [
  ...COLUMNS.map(
    ([key, role, condition = 'true']) =>
      `select ${key}, ${role}, finished_at, id from selvage_lineage where id > ? and id <= ? and ${condition}`,
  ),
  ...['parent_input_hashes', 'constant_input_hashes'].map(
    (column) =>
      `select input.value, ${INPUT}, finished_at, l.id from selvage_lineage as l, json_each(l.${column}) as input
       where l.id > ? and l.id <= ? and input.value is not null`,
  ),
];

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
