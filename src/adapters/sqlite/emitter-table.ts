import { SqlEmitterTable } from '../sql/emitter-table';
import { openSqliteDatabase, type SqliteOptions } from './open';
import type { SqliteDatabase } from './database';

/** The cursors of emitters and their dead letters, in an SQLite database. */
export class SqliteEmitterTable extends SqlEmitterTable<SqliteDatabase> {
  readonly technology = 'sqlite';
}

/** Throws the errors of {@link openSqliteDatabase}. */
export async function createSqliteEmitterTable(options: SqliteOptions): Promise<SqliteEmitterTable> {
  return new SqliteEmitterTable(await openSqliteDatabase(options));
}
