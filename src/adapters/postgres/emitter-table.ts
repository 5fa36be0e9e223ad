import { SqlEmitterTable } from '../sql/emitter-table';
import { openPostgresDatabase, type PostgresOptions } from './open';
import type { PostgresDatabase } from './database';

/** The cursors of emitters and their dead letters, in a Postgres database. */
export class PostgresEmitterTable extends SqlEmitterTable<PostgresDatabase> {
  readonly technology = 'postgres';
}

/** Throws the errors of {@link openPostgresDatabase}. */
export async function createPostgresEmitterTable(options: PostgresOptions): Promise<PostgresEmitterTable> {
  return new PostgresEmitterTable(await openPostgresDatabase(options));
}
