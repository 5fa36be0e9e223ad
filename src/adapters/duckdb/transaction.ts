import type { DuckDbConnectionLike } from './client';

/** Works in a transaction, which is rolled back if the work throws. */
export async function inTransaction<T>(connection: DuckDbConnectionLike, work: () => Promise<T>): Promise<T> {
  await connection.runAndReadAll('begin');
  try {
    const result = await work();
    await connection.runAndReadAll('commit');
    return result;
  } catch (error) {
    await connection.runAndReadAll('rollback').catch(() => undefined);
    throw error;
  }
}
