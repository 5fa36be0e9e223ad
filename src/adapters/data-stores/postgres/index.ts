import type { StoredValue } from '../../../protocols';
import { openPostgresDatabase, type PostgresDatabase, type PostgresOptions } from '../../shared/postgres';
import { SqlDataStore } from '../../shared/sql/data-store';
import { PUT_VALUES, valueParameters } from './values';

/** Values in a Postgres database: one row each, larger ones (over 4 MiB) and streams in chunks. */
export class PostgresDataStore extends SqlDataStore<PostgresDatabase> {
  readonly technology = 'postgres';

  protected async putSmall(values: readonly StoredValue[]): Promise<void> {
    await this.database.run(PUT_VALUES, valueParameters(values));
  }
}

/** Errors as of {@link openPostgresDatabase}. */
export async function createPostgresDataStore(options: PostgresOptions): Promise<PostgresDataStore> {
  return new PostgresDataStore(await openPostgresDatabase(options));
}
