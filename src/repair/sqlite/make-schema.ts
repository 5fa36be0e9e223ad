import type { SqliteDatabaseLike } from '../../adapters/shared/sqlite';
import type { SchemaObject } from './schema';
import { quote } from './schema';

/**
 * Makes the tables of a schema, empty, with what keeps rows from being there twice. The rest is for {@link finishSchema}, after the rows:
 * it is faster then, and no trigger must do again what it has done.
 */
export function makeTables(database: SqliteDatabaseLike, schema: readonly SchemaObject[]): void {
  const virtual = virtualTables(schema);
  for (const { type, name, sql } of schema) {
    if (type !== 'table' || sql === undefined || name.startsWith('sqlite_') || isShadow(name, virtual))
      continue;
    make(database, name, sql);
  }
  for (const { type, name, sql } of schema) {
    if (type === 'index' && isUnique(sql)) make(database, name, sql!);
  }
}

export function finishSchema(database: SqliteDatabaseLike, schema: readonly SchemaObject[]): void {
  for (const { type, name, sql } of schema) {
    if (type === 'index' && sql !== undefined && !isUnique(sql)) make(database, name, sql);
  }
  // Searches by word are an index, too, over the rows of another table.
  for (const { name, sql } of schema) {
    if (!/^create virtual table\b.*\busing fts5\b.*\bcontent\s*=\s*['"]?\w/is.test(sql ?? '')) continue;
    database.exec(`insert into ${quote(name)} (${quote(name)}) values ('rebuild')`);
  }
  for (const { type, name, sql } of schema) {
    if ((type === 'trigger' || type === 'view') && sql !== undefined) make(database, name, sql);
  }
}

function isUnique(sql: string | undefined): boolean {
  return /^create unique\b/i.test(sql ?? '');
}

function virtualTables(schema: readonly SchemaObject[]): string[] {
  return schema.filter(({ sql }) => /^create virtual table\b/i.test(sql ?? '')).map(({ name }) => name);
}

/** True of the tables in which a virtual table keeps its content: it makes them itself. */
function isShadow(name: string, virtual: readonly string[]): boolean {
  return virtual.some((owner) => name.startsWith(`${owner}_`));
}

const PATH_IN_DOUBLE_QUOTES = /"(\$\.[^"']*)"/g;

/**
 * Temporal writes JSON paths in double quotes, which libsql takes for names of columns when it is told, and for what is meant when it
 * finds them in a file. So the file gets the text as it was.
 */
function make(database: SqliteDatabaseLike, name: string, sql: string): void {
  const legible = sql.replaceAll(PATH_IN_DOUBLE_QUOTES, "'$1'");
  database.exec(legible);
  if (legible === sql) return;
  database.exec('pragma writable_schema = on');
  database.prepare('update sqlite_schema set sql = ? where name = ?').run([sql, name]);
  database.exec('pragma writable_schema = off');
}
