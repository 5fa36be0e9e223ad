import { setTimeout as sleep } from 'node:timers/promises';

import type LibsqlDatabase from 'libsql';

import { SelvageError } from '../errors';
import { loadOptional } from '../node/optional-package';
import { makePrivateFile } from '../node/private-files';

const RETRY_MS = 10;

/**
 * Runs `work` while no other process, and no other call in this one, holds the lock of `file`.
 *
 * The lock is SQLite's, on an empty database file. The operating system frees it when its holder ends, so
 * there are no stale locks.
 *
 * Throws FolderUnusable if the file cannot be opened, DatabaseDamaged if it is not a lock file, and
 * ServerStartFailed after `limitMs`.
 */
export async function withFileLock<T>(file: string, limitMs: number, work: () => T | Promise<T>): Promise<T> {
  const connection = await open(file, limitMs);
  try {
    return await work();
  } finally {
    connection.exec('ROLLBACK');
    connection.close();
  }
}

async function open(file: string, limitMs: number): Promise<LibsqlDatabase.Database> {
  const Libsql = loadOptional<typeof LibsqlDatabase>('libsql', { by: 'The embedded server' });
  makePrivateFile(file);
  const giveUpAt = performance.now() + limitMs;
  for (;;) {
    let connection: LibsqlDatabase.Database | undefined;
    try {
      connection = new Libsql(file, { timeout: 0 });
      connection.exec('BEGIN EXCLUSIVE');
      return connection;
    } catch (error) {
      connection?.close();
      if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw unusable(file, error);
      if (performance.now() >= giveUpAt) {
        throw new SelvageError(
          'ServerStartFailed',
          `Another process has held the lock ${file} for more than ${limitMs / 1000} s. ` +
            'Let `selvage doctor --repair` end if it is at work; else look for a Selvage process of this project that hangs, and end it.',
          { details: { file }, cause: error },
        );
      }
    }
    await sleep(RETRY_MS);
  }
}

function unusable(file: string, cause: unknown): SelvageError {
  if ((cause as { code?: string }).code === 'SQLITE_NOTADB') {
    return new SelvageError(
      'DatabaseDamaged',
      `${file} is not the lock file that it should be. It holds no data: \`selvage doctor --repair\` removes it.`,
      { details: { file }, cause },
    );
  }
  return new SelvageError(
    'FolderUnusable',
    `The lock file ${file} cannot be opened (${(cause as Error).message}). Make its folder writable for this user.`,
    { details: { file }, cause },
  );
}
