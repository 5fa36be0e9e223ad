import { bucketOf, nameOfKnot, type StatisticsTally, type Sums } from '../../ports/parts/statistics-tally';
import { bytesOfBlob, type SqlBlob } from '../sql/blob';
import type { KnotStatisticsQuery } from '../sql/run-history';
import type { SqliteConnection } from './connection';

/**
 * SQLite reads a million records in seconds: each has a kilobyte, of which statistics need thirty bytes. The bytes for
 * statistics are kept again, in blocks of this many ids. Blocks are made for a query or by an idle writer, never in a
 * commit. A block is complete once higher ids exist, as ids grow in commit order. Removing a record removes its block.
 */
const BLOCK = 1_000;
/** The number of blocks per transaction, which takes some milliseconds. */
const STEP = 4;

const COLUMNS = [
  ['finishedAt', Float64Array],
  /** The bytes of a made value, or the milliseconds that making a reused value took. */
  ['amount', Float64Array],
  /** Indexes of names. */
  ['definition', Uint16Array],
  ['knot', Uint16Array],
  /** Buckets. */
  ['duration', Uint16Array],
  ['queued', Uint16Array],
  /** The index of the outcome, combined with {@link REUSED}. */
  ['outcome', Uint8Array],
] as const;

/** Blocks store indexes of this list, so the list only grows. */
const OUTCOMES = ['ok', 'err', 'skipped'] as const;
const REUSED = 128;

type Columns = { [C in (typeof COLUMNS)[number] as C[0]]: InstanceType<C[1]> };

type FactsRow = [
  definition: string,
  knotId: string,
  outcome: (typeof OUTCOMES)[number],
  isReused: number,
  scheduledAt: number,
  startedAt: number,
  finishedAt: number,
  outputSize: number | null,
  madeIn: number | null,
];

/** A record's facts are one text, because making objects of rows takes longer than finding them. */
const FACTS = `
  select json_group_array(json_array(
    definition, knot_id, outcome, cached_from_run is not null, scheduled_at, started_at, finished_at, output_size,
    case when cached_from_run is not null then json_extract(extra, '$.made_in') end
  )) as facts
  from selvage_lineage where id > ? and id <= ? and definition <> 'parameter'`;

interface Block {
  readonly columns: Columns;
  readonly names: readonly string[];
}

/** Makes some of the missing blocks; returns whether there are more. Needs a transaction. */
export function makeBlocks(connection: SqliteConnection): boolean {
  const missing = missingBlocks(connection, completeBlocks(connection), STEP + 1);
  for (const block of missing.slice(0, STEP)) {
    const { columns, names } = readBlock(connection, block * BLOCK, (block + 1) * BLOCK);
    const times = columns.finishedAt;
    const [first, last] = times.length === 0 ? [0, 0] : [Math.min(...times), Math.max(...times)];
    connection.run(
      'insert into selvage_lineage_figures (block, first_at, last_at, names, figures) values (?, ?, ?, ?, ?)',
      [block, first, last, JSON.stringify(names), encode(columns)],
    );
  }
  return missing.length > STEP;
}

function completeBlocks(connection: SqliteConnection): number {
  const [row] = connection.all<{ complete: number }>(
    `select (coalesce(max(id), 1) - 1) / ${BLOCK} as complete from selvage_lineage`,
    [],
  );
  return row!.complete;
}

function missingBlocks(connection: SqliteConnection, complete: number, limit: number): number[] {
  const rows = connection.all<{ block: number }>(
    `with recursive wanted (block) as (select 0 where ? > 0 union all select block + 1 from wanted where block + 1 < ?)
     select block from wanted where block not in (select block from selvage_lineage_figures) limit ?`,
    [complete, complete, limit],
  );
  return rows.map(({ block }) => block);
}

/** Removing blocks needs the transaction that removes the records. */
export function removeBlocks(connection: SqliteConnection, ids: string): void {
  connection.run(
    `delete from selvage_lineage_figures where block in (select distinct (value - 1) / ${BLOCK} from json_each(?))`,
    [ids],
  );
}

/** Adds the figures of all records in the window: from blocks, and from records without a block. */
export function tallyFigures(
  connection: SqliteConnection,
  tally: StatisticsTally,
  query: KnotStatisticsQuery,
): void {
  const complete = completeBlocks(connection);
  const blocks = connection.all<{ names: string; figures: SqlBlob }>(
    'select names, figures from selvage_lineage_figures where last_at >= ? and first_at < ? and block < ?',
    [query.since, query.until, complete],
  );
  for (const { names, figures } of blocks) {
    addBlock(tally, query, { columns: decode(figures), names: JSON.parse(names) as string[] });
  }
  // Some blocks lost records just before the query.
  for (const block of missingBlocks(connection, complete, complete))
    addBlock(tally, query, readBlock(connection, block * BLOCK, (block + 1) * BLOCK));
  addBlock(tally, query, readBlock(connection, complete * BLOCK, Number.MAX_SAFE_INTEGER));
}

function readBlock(connection: SqliteConnection, after: number, through: number): Block {
  const [{ facts }] = connection.all<{ facts: string }>(FACTS, [after, through]) as [{ facts: string }];
  const rows = JSON.parse(facts) as FactsRow[];
  const names = new Map<string, number>();
  const indexOf = (name: string): number => {
    let index = names.get(name);
    if (index === undefined) names.set(name, (index = names.size));
    return index;
  };
  const columns = Object.fromEntries(
    COLUMNS.map(([name, Type]) => [name, new Type(rows.length)]),
  ) as unknown as Columns;
  for (const [index, row] of rows.entries()) {
    const [definition, knotId, outcome, isReused, scheduledAt, startedAt, finishedAt, outputSize, madeIn] =
      row;
    columns.finishedAt[index] = finishedAt;
    columns.amount[index] = (isReused ? madeIn : outputSize) ?? 0;
    columns.definition[index] = indexOf(definition);
    columns.knot[index] = indexOf(nameOfKnot(knotId));
    columns.duration[index] = bucketOf(finishedAt - startedAt);
    columns.queued[index] = bucketOf(startedAt - scheduledAt);
    columns.outcome[index] = OUTCOMES.indexOf(outcome) + (isReused ? REUSED : 0);
  }
  return { columns, names: [...names.keys()] };
}

function addBlock(
  tally: StatisticsTally,
  { by, since, until }: KnotStatisticsQuery,
  { columns, names }: Block,
): void {
  const { finishedAt, amount, duration, queued, outcome } = columns;
  const ofName = columns[by];
  const sums: Sums[] = [];
  for (let index = 0; index < finishedAt.length; index += 1) {
    const time = finishedAt[index]!;
    if (time < since || time >= until) continue;
    const name = ofName[index]!;
    (sums[name] ??= tally.of(names[name]!)).add({
      outcome: OUTCOMES[outcome[index]! % REUSED]!,
      isReused: outcome[index]! >= REUSED,
      duration: duration[index]!,
      queued: queued[index]!,
      count: 1,
      bytes: amount[index]!,
      saved: amount[index]!,
    });
  }
}

function encode(columns: Columns): Buffer {
  return Buffer.concat(
    COLUMNS.map(([name]) => {
      const { buffer, byteOffset, byteLength } = columns[name];
      return Buffer.from(buffer, byteOffset, byteLength);
    }),
  );
}

const WIDTH = COLUMNS.reduce((sum, [, Type]) => sum + Type.BYTES_PER_ELEMENT, 0);

function decode(figures: SqlBlob): Columns {
  // The bytes are copied, because typed arrays must begin at a multiple of their width.
  const { buffer, byteLength } = Uint8Array.from(bytesOfBlob(figures));
  const count = byteLength / WIDTH;
  let offset = 0;
  return Object.fromEntries(
    COLUMNS.map(([name, Type]) => {
      const column = new Type(buffer, offset, count);
      offset += column.byteLength;
      return [name, column];
    }),
  ) as unknown as Columns;
}
