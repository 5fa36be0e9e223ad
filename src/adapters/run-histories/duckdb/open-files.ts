import { existsSync, realpathSync } from 'node:fs';
import * as path from 'node:path';
import { historyInUse } from './errors';

/**
 * The DuckDB files that this process has open. DuckDB's own lock holds off other processes only: a second instance in this one
 * would get the lock, too, and both would write over each other. So would any `close` of the file by this process give the lock away:
 * nothing here may open a file that is in this list.
 */
const KEY = Symbol.for('selvage.duckdb.open-files');
const openFiles = ((globalThis as Record<symbol, unknown>)[KEY] ??= new Set<string>()) as Set<string>;

/**
 * Claims a file for this caller; answers what gives it back.
 *
 * @throws SelvageError `HistoryInUse`
 */
export function claimFile(file: string): () => void {
  const name = realName(file);
  if (openFiles.has(name)) throw historyInUse(file, 'by another part of this process');
  openFiles.add(name);
  return () => void openFiles.delete(name);
}

export function isOpenHere(file: string): boolean {
  return openFiles.has(realName(file));
}

/** One name for one file, by whatever links it is reached. It need not exist. */
function realName(file: string): string {
  const resolved = path.resolve(file);
  if (existsSync(resolved)) return realpathSync(resolved);
  const folder = path.dirname(resolved);
  return existsSync(folder) ? path.join(realpathSync(folder), path.basename(resolved)) : resolved;
}
