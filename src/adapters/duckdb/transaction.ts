import type { DuckDbConnectionLike } from './client';

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
