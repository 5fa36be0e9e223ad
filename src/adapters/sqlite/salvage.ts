import { pathToFileURL } from 'node:url';
import type { SqliteDatabaseLike } from './database-like';
import { isUnreadable } from './errors';
import { loadLibsql, openSqliteDatabase } from './open';
import { MIGRATION_TABLE } from '../sql/migrations';

export interface SalvagedTable {
  readonly table: string;
  readonly kept: number;
  /** The number of lost rows; absent if neither the table nor an index tells the number of rows. */
  readonly lost?: number;
}

const MOST_FINDINGS = 20;
/** The number of rows that are copied at once after copying the whole table has failed. */
const CHUNK = 1024;
/** At most this many damaged places that are skipped in a table; each takes at most some hundred reads. */
const MOST_JUMPS = 10_000;
/** Only this many first bytes of text keys are compared. */
const KEY_BYTES = 16;
const TEXT_END = 2n ** BigInt(8 * KEY_BYTES);
const INTEGER_END = 2n ** 62n;

/** These tables are derived from other tables, or meaningless while nobody uses the file. */
const PASSING = [
  'selvage_run_tags',
  'selvage_lineage_index',
  'selvage_lineage_indexed',
  'selvage_leases',
  'selvage_turns',
];

/** Problems that SQLite finds in a database file. The check reads the whole file and writes nothing. */
export async function examineDatabase(file: string): Promise<string[]> {
  return await withDatabase(':memory:', (database) => {
    try {
      attachDamaged(database, file);
      const rows = database.prepare(`pragma damaged.integrity_check(${MOST_FINDINGS})`).all();
      const lines = rows.map((row) => String(Object.values(row as object)[0]));
      return lines[0] === 'ok' ? [] : lines.flatMap((line) => line.split('\n'));
    } catch (error) {
      if (isUnreadable(error)) return [(error as Error).message];
      throw error;
    }
  });
}

/**
 * Copies the readable rows into `draft`, a new database with Selvage's tables, and writes nothing into the damaged
 * file. Returns undefined if the file does not tell its tables.
 */
export async function salvageDatabase(file: string, draft: string): Promise<SalvagedTable[] | undefined> {
  return await withDatabase(draft, async (database) => {
    // There is no transaction, as it would refuse writes after damage. The draft is flushed at the end.
    database.exec('pragma synchronous = off');
    database.prepare('pragma journal_mode = memory').all();
    // With this setting, SQLite reads on despite a wrong schema or file length.
    database.exec('pragma writable_schema = on');
    await (await openSqliteDatabase({ database })).close();
    const schema: SchemaObject[] = [];
    const isLegible = attempt(() => {
      attachDamaged(database, file);
      schema.push(...readSchema(database));
    });
    if (!isLegible) return undefined;
    makeOthers(database, schema, ['table', 'index']);
    const tables = ownTables(database).flatMap((name) => salvageTable(database, name));
    makeOthers(database, schema, ['trigger', 'view']);
    deriveTables(database);
    return tables;
  });
}

async function withDatabase<T>(
  file: string,
  work: (database: SqliteDatabaseLike) => T | Promise<T>,
): Promise<T> {
  const Database = loadLibsql();
  const database = new Database(file, { timeout: 0 });
  try {
    return await work(database);
  } finally {
    database.close();
  }
}

/** The damaged file is attached read-only, because opening it for writing changes it. */
function attachDamaged(database: SqliteDatabaseLike, file: string): void {
  database.exec(`attach '${pathToFileURL(file).href.replaceAll("'", '%27')}?mode=ro' as damaged`);
}

interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

function readSchema(database: SqliteDatabaseLike): SchemaObject[] {
  const sql = 'select type, name, sql from damaged.sqlite_schema where sql is not null';
  return database.prepare(sql).all() as SchemaObject[];
}

/** Recreates a user's own tables and indexes. A virtual table fills the tables behind it itself. */
function makeOthers(
  database: SqliteDatabaseLike,
  schema: readonly SchemaObject[],
  types: readonly string[],
): void {
  const isThere = database.prepare('select 1 from main.sqlite_schema where name = ?');
  for (const type of types)
    for (const object of schema)
      if (object.type === type && isThere.all([object.name]).length === 0)
        attempt(() => database.exec(object.sql));
}

function ownTables(database: SqliteDatabaseLike): string[] {
  const rows = database.prepare(
    "select name from pragma_table_list where schema = 'main' and type = 'table'",
  );
  const names = (rows.all() as { name: string }[]).map(({ name }) => name);
  return names.filter(
    (name) => !name.startsWith('sqlite_') && name !== MIGRATION_TABLE && !PASSING.includes(name),
  );
}

function salvageTable(database: SqliteDatabaseLike, table: string): SalvagedTable[] {
  const name = quote(table);
  database.exec(`delete from main.${name}`);
  const isWhole = copyRows(database, table);
  const kept = count(database, `main.${name}`)!;
  if (isWhole) return kept > 0 ? [{ table, kept, lost: 0 }] : [];
  // SQLite counts by the smallest index, which may be intact.
  const all = count(database, `damaged.${name}`);
  return [all === undefined ? { table, kept } : { table, kept, lost: Math.max(all - kept, 0) }];
}

/** The row at which reading continues, in the order of the keys. */
interface Cursor {
  readonly condition: string;
  readonly parameters: readonly unknown[];
  /** The first column of the key, as a number. */
  readonly position: bigint;
}

/** Copies all rows at once, or else in chunks, skipping unreadable ones. Returns whether all rows could be read. */
function copyRows(database: SqliteDatabaseLike, table: string): boolean {
  const { columns, keys, isText } = shapeOf(database, table);
  const insert = `insert or ignore into main.${quote(table)} (${columns}) select ${columns} `;
  const source = `from damaged.${quote(table)} not indexed`;
  if (attempt(() => database.exec(insert + source))) return true;
  const order = keys.map(quote).join(', ');
  const rows = ({ condition }: Cursor): string => `${source} where ${condition} order by ${order}`;
  const copy = (from: Cursor, size: number): boolean =>
    attempt(() => database.prepare(`${insert} ${rows(from)} limit ${size}`).run(from.parameters));
  const beyond = (position: bigint): Cursor => ({
    condition: `${quote(keys[0]!)} > ${isText ? 'cast(? as text)' : '?'}`,
    parameters: [isText ? textAt(position) : position],
    position,
  });
  /** A position is undefined if there are fewer rows. */
  const behind = (from: Cursor, size: number): Cursor | undefined => {
    const sql = `select ${order} ${rows(from)} limit 1 offset ${size - 1}`;
    const [row] = database.prepare(sql).all(from.parameters) as Record<string, string | number>[];
    if (!row) return undefined;
    const values = Object.values(row).map((value) => (typeof value === 'number' ? BigInt(value) : value));
    return {
      condition: `(${order}) > (${values.map(() => '?').join(', ')})`,
      parameters: values,
      position: typeof values[0] === 'bigint' ? values[0] : positionOf(String(values[0])),
    };
  };
  let at: Cursor | undefined = beyond(isText ? 0n : -INTEGER_END);
  for (let jumps = 0; at && jumps < MOST_JUMPS; jumps += 1) {
    for (let size = CHUNK; size >= 1 && at;) {
      const from: Cursor = at;
      if (!copy(from, size) || !attempt(() => (at = behind(from, size)))) size = Math.floor(size / 2);
    }
    at &&= jump(at, isText ? TEXT_END : INTEGER_END, (position) => copy(beyond(position), 1), beyond);
  }
  return false;
}

/** The nearest position from which rows can be read again; undefined if there is no such position. */
function jump(
  { position }: Cursor,
  end: bigint,
  canRead: (position: bigint) => boolean,
  beyond: (position: bigint) => Cursor,
): Cursor | undefined {
  let failing = 0n;
  let step = 1n;
  while (!canRead(position + step)) {
    failing = step;
    step *= 2n;
    if (position + step >= end) return undefined;
  }
  while (step - failing > 1n) {
    const middle = (failing + step) / 2n;
    if (canRead(position + middle)) step = middle;
    else failing = middle;
  }
  return beyond(position + step);
}

function positionOf(text: string): bigint {
  const bytes = Buffer.alloc(KEY_BYTES);
  bytes.write(text);
  return BigInt(`0x${bytes.toString('hex')}`);
}

function textAt(position: bigint): Buffer {
  return position === 0n
    ? Buffer.alloc(0)
    : Buffer.from(position.toString(16).padStart(2 * KEY_BYTES, '0'), 'hex');
}

interface Shape {
  /** The columns as SQL text, without generated ones. */
  readonly columns: string;
  /** The columns that order the rows in the file. */
  readonly keys: readonly string[];
  readonly isText: boolean;
}

function shapeOf(database: SqliteDatabaseLike, table: string): Shape {
  const all = database
    .prepare("select name, type, pk from pragma_table_xinfo(?, 'main') where hidden = 0")
    .all([table]) as { name: string; type: string; pk: number }[];
  const [{ wr } = { wr: 0 }] = database
    .prepare("select wr from pragma_table_list where schema = 'main' and name = ?")
    .all([table]) as { wr: number }[];
  const names = all.map(({ name }) => name);
  const primary = all.filter(({ pk }) => pk > 0).sort((one, other) => one.pk - other.pk);
  if (wr === 1)
    return {
      columns: names.map(quote).join(', '),
      keys: primary.map(({ name }) => name),
      isText: !/int/i.test(primary[0]!.type),
    };
  // A column of this type is an alias of the row id.
  const alias = primary.length === 1 && /^integer$/i.test(primary[0]!.type) ? primary[0]!.name : undefined;
  const columns = [...(alias === undefined ? ['rowid'] : []), ...names];
  return { columns: columns.map(quote).join(', '), keys: [alias ?? 'rowid'], isText: false };
}

function count(database: SqliteDatabaseLike, table: string): number | undefined {
  let found: number | undefined;
  attempt(() => {
    [found] = Object.values(database.prepare(`select count(*) from ${table}`).all()[0] as object) as number[];
  });
  return found;
}

/** Rebuilds the tables that follow from runs and records. */
function deriveTables(database: SqliteDatabaseLike): void {
  database.exec(`
    insert or ignore into main.selvage_run_tags (tag, started_at, run)
      select part.value, started_at, selvage_runs.id from main.selvage_runs,
        json_each(case when json_valid(tags) then tags else '[]' end) as part;
  `);
  // Runs have numbers of the records' sequence, too.
  const raise = (number: string): string =>
    `update main.sqlite_sequence set seq = max(seq, coalesce((${number}), 0)) where name = 'selvage_lineage'`;
  database.exec(raise('select max(started_change) from main.selvage_runs'));
  database.exec(raise('select max(ended_change) from main.selvage_runs'));
  attempt(() =>
    database.exec(raise("select max(seq) from damaged.sqlite_sequence where name = 'selvage_lineage'")),
  );
}

/** Returns false if SQLite could not read the data. Other errors, such as those of writing, are thrown. */
function attempt(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (isUnreadable(error)) return false;
    throw error;
  }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
