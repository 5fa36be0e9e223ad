import { queryPostgres } from '../../test/support/query-postgres';

/** Bytes of a PostgreSQL database on disk, indexes included. */
export async function databaseSize(url: string): Promise<number> {
  const [row] = await queryPostgres(url, 'select pg_database_size(current_database()) as size');
  return Number(row!['size']);
}
