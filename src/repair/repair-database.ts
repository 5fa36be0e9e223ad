import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import {
  loadLibsql,
  openSqliteDatabase,
  selvageErrorOf,
  type SqliteDatabaseLike,
} from '../adapters/shared/sqlite';
import { databaseFiles } from '../server';
import {
  PASSING_TABLES,
  damagedValues,
  deriveTables,
  dropValues,
  hasSelvageTables,
  missingValues,
  type MissingValue,
} from './selvage-tables';
import { hasTemporalTables, matchExecutions } from './temporal-tables';
import { examineWhole } from './sqlite/examine';
import { Pages } from './sqlite/pages';
import { salvage, type Salvage, type SalvagedTable } from './sqlite/salvage';

/** What was found in a database file, and what became of it. */
export interface DatabaseRepair {
  readonly file: string;
  /** `repaired`: what could be read is in a new file in its place. `hopeless`: nothing could be read, and it was moved away. */
  readonly state: 'absent' | 'sound' | 'repaired' | 'hopeless';
  /** What was wrong. */
  readonly found: readonly string[];
  /** Where the damaged file is now. */
  readonly keptAs?: string;
  readonly tables?: readonly SalvagedTable[];
  /** True where the file did not even tell its tables, and rows were told by their form. */
  readonly withoutSchema?: boolean;
  /** Hashes of values whose bytes were not what their hash says; they were left out. */
  readonly droppedValues?: readonly string[];
  /** Records whose value is not there: it was lost, or deleted earlier. */
  readonly missingValues?: readonly MissingValue[];
}

export interface RepairDatabaseOptions {
  /** In the names of what is kept. */
  readonly stamp: string;
  /** The tables are Selvage's own, so that they are known even where the file does not tell them. */
  readonly isSelvage: boolean;
  /** The values of its records are kept somewhere else, so that this file cannot tell which are missing. Default false. */
  readonly valuesElsewhere?: boolean;
  /** Called before the repaired file takes the place of the damaged one: throws where that must not be. */
  readonly beforeSwap: () => Promise<void>;
}

/**
 * Looks at a whole database file and, where it is damaged, writes what can be read into a new one that takes its place. The damaged one
 * is kept beside it. Nobody else may use the file.
 */
export async function repairDatabase(file: string, options: RepairDatabaseOptions): Promise<DatabaseRepair> {
  if (!existsSync(file) || statSync(file).size + walSize(file) === 0)
    return { file, state: 'absent', found: [] };
  const found = await examineWhole(file);
  const values = found.length === 0 ? await withDatabase(file, valuesToDrop) : [];
  if (found.length === 0 && values.length === 0) return { file, state: 'sound', found };
  const damage = [...found, ...values.map((hash) => `the bytes of the value ${hash} do not have this hash`)];
  const draft = `${file}.repairing`;
  removeDatabase(draft);
  try {
    const outcome = await writeWhatCanBeRead(file, draft, options);
    if (outcome) flush(draft);
    await options.beforeSwap();
    const keptAs = setAside(file, `damaged-${options.stamp}`, outcome ? draft : undefined);
    return { file, state: outcome ? 'repaired' : 'hopeless', found: damage, keptAs, ...outcome };
  } catch (error) {
    throw selvageErrorOf(error, draft, 'use');
  } finally {
    removeDatabase(draft);
  }
}

/** Moves a database away under a name that says why, with its log; `replacement` takes its place. Answers the new name. */
export function setAside(file: string, reason: string, replacement?: string): string {
  const keptAs = `${file}.${reason}`;
  const [, log, index] = databaseFiles(file) as [string, string, string];
  if (replacement) link(file, keptAs);
  else renameSync(file, keptAs);
  // Whoever opened the new file with the old log beside it would mix the two.
  if (existsSync(log)) renameSync(log, `${keptAs}-wal`);
  rmSync(index, { force: true });
  if (replacement) renameSync(replacement, file);
  return keptAs;
}

/** A second name for the same file, so that the first is never absent; a copy where the disk has no such thing. */
function link(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch {
    copyFileSync(file, name);
  }
}

function flush(file: string): void {
  const descriptor = openSync(file, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function removeDatabase(file: string): void {
  for (const part of [...databaseFiles(file), `${file}-journal`]) rmSync(part, { force: true });
}

function walSize(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}

async function writeWhatCanBeRead(
  file: string,
  draft: string,
  { isSelvage, valuesElsewhere = false }: RepairDatabaseOptions,
): Promise<Omit<DatabaseRepair, 'file' | 'state' | 'found' | 'keptAs'> | undefined> {
  const pages = new Pages(file);
  try {
    return await withDatabase(draft, async (database) => {
      database.exec(`pragma page_size = ${pages.pageSize}`);
      database.exec(`pragma user_version = ${pages.userVersion}`);
      // Flushed once, when it is whole.
      database.exec('pragma synchronous = off');
      const makeOwnTables = async (): Promise<void> => {
        await (await openSqliteDatabase({ database })).close();
      };
      const salvaged = await salvage(pages, database, isSelvage ? makeOwnTables : undefined);
      if (!salvaged) return undefined;
      if (hasTemporalTables(database)) matchExecutions(database);
      const additions = hasSelvageTables(database) ? finishSelvage(database, valuesElsewhere) : {};
      requireSound(database);
      return { ...describeSalvage(salvaged), ...additions };
    });
  } finally {
    pages.close();
  }
}

function describeSalvage({
  tables,
  withoutSchema,
}: Salvage): Pick<DatabaseRepair, 'tables' | 'withoutSchema'> {
  return {
    tables: tables.filter(
      ({ table, kept, lost, isExact }) => !PASSING_TABLES.has(table) && (kept > 0 || lost > 0 || !isExact),
    ),
    ...(withoutSchema && { withoutSchema }),
  };
}

function finishSelvage(
  database: SqliteDatabaseLike,
  valuesElsewhere: boolean,
): Pick<DatabaseRepair, 'droppedValues' | 'missingValues'> {
  const droppedValues = damagedValues(database);
  dropValues(database, droppedValues);
  deriveTables(database);
  return { droppedValues, missingValues: valuesElsewhere ? [] : missingValues(database) };
}

function valuesToDrop(database: SqliteDatabaseLike): string[] {
  return hasSelvageTables(database) ? damagedValues(database) : [];
}

function requireSound(database: SqliteDatabaseLike): void {
  const [row] = database.prepare('pragma integrity_check(1)').all();
  const answer = String(Object.values(row as object)[0]);
  if (answer !== 'ok') throw new Error(`The repaired database is not sound: ${answer}`);
}

async function withDatabase<T>(
  file: string,
  work: (database: SqliteDatabaseLike) => T | Promise<T>,
): Promise<T> {
  const Database = await loadLibsql();
  const database = new Database(file, { timeout: 0 });
  try {
    return await work(database);
  } finally {
    database.close();
  }
}
