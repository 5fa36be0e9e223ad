import type { StoredValue } from '../../ports';
import { SqlDataStore } from '../sql/data-store';
import { openSqliteDatabase, type SqliteOptions } from './open';
import type { SqliteDatabase } from './database';
import { putValues } from './values';

/** Values in an SQLite database: one row each; larger ones (over 4 MiB) and streams in chunks. */
export class SqliteDataStore extends SqlDataStore<SqliteDatabase> {
  readonly technology = 'sqlite';

  protected putSmall(values: readonly StoredValue[]): Promise<void> {
    return this.database.writeAtOnce((connection) => putValues(connection, values));
  }

  purge(): Promise<void> {
    return this.database.purge();
  }
}

/** Throws the errors of {@link openSqliteDatabase}. */
export async function createSqliteDataStore(options: SqliteOptions): Promise<SqliteDataStore> {
  return new SqliteDataStore(await openSqliteDatabase(options));
}
