import type { StoredValue } from '../../ports';
import { isTableHash } from '../../values/hash';
import { openPostgresDatabase, type PostgresOptions } from './open';
import type { PostgresDatabase } from './database';
import { SqlDataStore } from '../sql/data-store';
import type { KeptValue } from '../sql/values';
import { PUT_VALUES, valueParameters, WHOLE_ROWS } from './values';

/** Values in a Postgres database: one row each, larger ones (over 4 MiB) and streams in chunks. */
export class PostgresDataStore extends SqlDataStore<PostgresDatabase> {
  readonly technology = 'postgres';

  protected async putSmall(values: readonly StoredValue[]): Promise<void> {
    await this.database.run(PUT_VALUES, valueParameters(values));
  }

  /** The server hashes the values, so that no bytes are transferred but those of manifests. */
  protected override async wholeRows(rows: readonly KeptValue[]): Promise<string[]> {
    if (rows.length === 0) return [];
    const manifests = rows.filter(({ hash }) => isTableHash(hash));
    const hashes = rows.map(({ hash }) => hash).filter((hash) => !isTableHash(hash));
    const { rows: whole } = await this.database.run(WHOLE_ROWS, [hashes]);
    return [...(whole as { hash: string }[]).map(({ hash }) => hash), ...(await super.wholeRows(manifests))];
  }
}

/** Throws the errors of {@link openPostgresDatabase}. */
export async function createPostgresDataStore(options: PostgresOptions): Promise<PostgresDataStore> {
  return new PostgresDataStore(await openPostgresDatabase(options));
}
