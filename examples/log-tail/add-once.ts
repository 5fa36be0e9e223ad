/** Writes each result of a stream once into PostgreSQL, although `onResult` is called at least once. */
import type { Pool } from 'pg';
import type { StreamResult } from 'selvage';

export async function addOnce(pool: Pool, { runId, values }: StreamResult<{ cents: number }>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const { rowCount } = await client.query(
      'insert into seen_runs (run_id) values ($1) on conflict do nothing',
      [runId],
    );
    if (rowCount === 1) await client.query('update totals set cents = cents + $1', [values.cents]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}
