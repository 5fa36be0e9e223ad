import { Client } from 'pg';

/** Bytes of a PostgreSQL database on disk, indexes included. */
export async function databaseSize(url: string): Promise<number> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ size: string }>(
      'select pg_database_size(current_database()) as size',
    );
    return Number(rows[0]!.size);
  } finally {
    await client.end();
  }
}
