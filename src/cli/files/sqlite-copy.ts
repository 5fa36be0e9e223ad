import { chmodSync, closeSync, createWriteStream, existsSync, openSync, readSync, rmSync } from 'node:fs';
import { copyFile, open as openFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { SqliteDatabaseLike } from '../../adapters/sqlite';
import { selvageErrorOf } from '../../adapters/sqlite/errors';
import { loadLibsql } from '../../adapters/sqlite/open';
import { flush } from '../../adapters/sqlite/repair';
import { RESTORED } from '../../backends';
import { SelvageError } from '../../errors';
import { folderError } from '../../node/folder-error';
import { databaseFiles } from '../../server';

const LOCK_WAIT_MS = 10_000;
const LOG_HEADER_BYTES = 32;

/**
 * Copies a database as of one moment, while others use it. During a read, nobody moves later commits into the file, or
 * restarts the log before its content is in the file. The file and then the log, copied during a read, are therefore
 * consistent. (SQLite's `vacuum into` cannot write Temporal's tables.)
 */
export async function copyDatabase(file: string, copy: string): Promise<void> {
  const connection = await open(file);
  let source: FileHandle | undefined;
  try {
    connection.exec('begin; select count(*) from sqlite_schema');
    source = await openFile(file);
    await pipeline(source.createReadStream({ autoClose: false }), createWriteStream(copy, { mode: 0o600 }));
    await copyLog(`${file}-wal`, `${copy}-wal`);
    connection.exec('commit');
  } catch (error) {
    throw SelvageError.is(error) ? error : diskError(error, file, copy);
  } finally {
    connection.close();
    // Close the source last: closing it releases all locks of this process, by which others know that it is in use.
    await source?.close();
  }
  await withoutLog(copy);
  onDisk(copy, () => {
    chmodSync(copy, 0o600);
    flush(copy);
  });
}

/**
 * Repeats the copy if the log was restarted meanwhile, since it may mix old and new pages. A restart of the log happens
 * at most once during a read: the new log's content cannot be moved into the file.
 */
async function copyLog(log: string, copy: string): Promise<void> {
  do {
    if (!existsSync(log)) return;
    await copyFile(log, copy);
  } while (!beginningOf(log).equals(beginningOf(copy)));
}

/** The header of a log, different after each restart of the log. */
function beginningOf(log: string): Buffer {
  const header = Buffer.alloc(LOG_HEADER_BYTES);
  const descriptor = openSync(log, 'r');
  try {
    return header.subarray(0, readSync(descriptor, header, 0, LOG_HEADER_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** Do not prepare statements: libsql finalises them at garbage collection, and uses the file until then. */
async function open(file: string): Promise<SqliteDatabaseLike> {
  const Database = loadLibsql();
  try {
    return new Database(file, { timeout: LOCK_WAIT_MS });
  } catch (error) {
    throw selvageErrorOf(error, file, 'use');
  }
}

/** Moves the log beside a copy into it, and turns it off until the next opening. */
async function withoutLog(copy: string): Promise<void> {
  const connection = await open(copy);
  try {
    connection.exec('pragma journal_mode = delete');
  } catch (error) {
    throw selvageErrorOf(error, copy, 'use');
  } finally {
    connection.close();
  }
  for (const rest of databaseFiles(copy).slice(1)) rmSync(rest, { force: true });
}

function diskError(error: unknown, file: string, copy: string): unknown {
  const told = selvageErrorOf(error, file, 'use');
  return SelvageError.is(told) ? told : folderError(error, path.dirname(copy));
}

/** Records that later commits were removed on purpose. */
export async function noteStepBack(file: string, backedUpAt: number): Promise<void> {
  const connection = await open(file);
  try {
    const now = Date.now();
    connection.exec(
      `insert into selvage_steps_back (noticed_at, lost_after, lost_until, noticed_by) values (${now}, ${backedUpAt}, ${now}, '${RESTORED}')`,
    );
  } catch (error) {
    throw selvageErrorOf(error, file, 'use');
  } finally {
    connection.close();
  }
}

/** @throws SelvageError `DiskFull`, `FolderUnusable` for errors of the file system */
export function onDisk<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw SelvageError.is(error) ? error : folderError(error, file);
  }
}
