import { setTimeout as sleep } from 'node:timers/promises';
import type { SqliteDatabase } from './database';
import { makeBlocks, removeBlocks } from './lineage-figures';
import type { SqliteConnection } from './connection';
import { ANY, CLASS, INPUT, KNOT, OUTCOME_BUT_OK, OUTPUT, RUN, type LineageIndexTable } from '../sql/schema';

/** The number of records per transaction, which takes some milliseconds. */
const STEP = 250;
/** Milliseconds without commits after which the index is brought up to date. */
const QUIET_MS = 1_000;
/** Milliseconds after which the index is brought up to date at the latest, so that no listing must index much first. */
const LATEST_MS = 15_000;
/** The wait while another process is indexing, in milliseconds. */
const OTHERS_MS = 50;

const COLUMNS = [
  ['run_id', RUN],
  ['knot_id', KNOT],
  ['definition', CLASS],
  ["''", ANY],
  ['output_hash', OUTPUT, 'output_hash is not null'],
  ['outcome', OUTCOME_BUT_OK, "outcome <> 'ok'"],
] as const;

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

/** Indexes records, with the parameters: the id before the first record and the id of the last. */
const KEYS = keysOf('l.id > ? and l.id <= ?');
/** The statement's parameter is a list of ids. */
const KEYS_OF_LISTED = keysOf('l.id in (select value from json_each(?))');

/**
 * The index of lineage listings lags behind commits, because writing its entries would cost a commit more than the
 * record itself. A listing brings the index up to date first, and an idle writer does so early.
 */
export class LineageIndex {
  #timer: NodeJS.Timeout | undefined;
  #lastCommit = 0;
  #isClosed = false;

  constructor(private readonly database: SqliteDatabase) {}

  noteCommit(): void {
    this.#lastCommit = performance.now();
    if (this.#timer === undefined && !this.#isClosed) this.#wait(QUIET_MS, this.#lastCommit);
  }

  async catchUp(): Promise<void> {
    let last: number | undefined;
    while (!this.#isClosed) {
      const { through, newest } = await this.#state();
      if (newest <= through) return;
      if (last !== undefined && through !== last) {
        // Two processes that index in turns would be no faster, and waiting for the lock reads from the log, which only
        // grows then.
        last = through;
        await sleep(OTHERS_MS);
        continue;
      }
      last = await this.database.writeAtOnce(indexNext);
      // Between two steps, commits of this process get their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async makeFigures(): Promise<void> {
    while (!this.#isClosed && (await this.database.writeAtOnce(makeBlocks)))
      await new Promise((resolve) => setImmediate(resolve));
  }

  /** Indexes a few records; the rest is left to other processes. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const hasWritten = this.#timer !== undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // After an error, the next listing indexes, or reports the error.
    if (hasWritten) await this.database.writeAtOnce(indexNext).catch(() => undefined);
  }

  #wait(ms: number, since: number): void {
    this.#timer = setTimeout(() => {
      const quiet = performance.now() - this.#lastCommit;
      if (quiet < QUIET_MS && performance.now() - since < LATEST_MS)
        return this.#wait(QUIET_MS - quiet, since);
      this.#timer = undefined;
      this.catchUp()
        .then(() => this.makeFigures())
        .catch(() => undefined);
    }, ms).unref();
  }

  #state(): Promise<IndexState> {
    return this.database.readAtOnce(stateOf);
  }
}

/** Removes some records of a run; returns their number. Needs a transaction. */
export function deleteRecords(connection: SqliteConnection, temporalRunId: string, limit: number): number {
  const rows = connection.all<{ id: number }>(
    'select id from selvage_lineage where temporal_run_id = ? limit ?',
    [temporalRunId, limit],
  );
  if (rows.length === 0) return 0;
  const ids = JSON.stringify(rows.map(({ id }) => id));
  const places = connection.all<LineageIndexTable>(
    `select * from (${KEYS_OF_LISTED.join(' union all ')})`,
    KEYS_OF_LISTED.map(() => ids),
  );
  // Entries are removed one by one: for a list of keys, SQLite would scan the whole index.
  for (const { key, role, finished_at, lineage } of places) {
    connection.run(
      'delete from selvage_lineage_index where key = ? and role = ? and finished_at = ? and lineage = ?',
      [key, role, finished_at, lineage],
    );
  }
  removeBlocks(connection, ids);
  connection.run('delete from selvage_lineage where id in (select value from json_each(?))', [ids]);
  return rows.length;
}

interface IndexState {
  readonly through: number;
  readonly newest: number;
}

function stateOf(connection: SqliteConnection): IndexState {
  const [state] = connection.all<IndexState>(
    'select through, (select coalesce(max(id), 0) from selvage_lineage) as newest from selvage_lineage_indexed',
    [],
  );
  return state!;
}

/** Indexes the next records; returns the last indexed id. Needs a transaction. */
function indexNext(connection: SqliteConnection): number {
  const { through, newest } = stateOf(connection);
  if (newest <= through) return through;
  const upTo = Math.min(newest, through + STEP);
  connection.run(
    `insert or ignore into selvage_lineage_index (key, role, finished_at, lineage) ${KEYS.join(' union all ')} order by 1, 2`,
    KEYS.flatMap(() => [through, upTo]),
  );
  connection.run('update selvage_lineage_indexed set through = ?', [upTo]);
  return upTo;
}
