import { existsSync, realpathSync } from 'node:fs';
import * as path from 'node:path';
import { historyInUse } from './errors';

/**
 * The DuckDB files that this process has open. DuckDB's lock excludes other processes only: two instances in one
 * process overwrite each other. Closing any handle of an open DuckDB file would release the lock, so nothing else may
 * open it.
 */
const KEY = Symbol.for('selvage.duckdb.open-files');
const openFiles = ((globalThis as Record<symbol, unknown>)[KEY] ??= new Set<string>()) as Set<string>;

/** Returns a function that releases the file. Throws `RunHistoryInUse`. */
export function claimFile(file: string): () => void {
  const name = realName(file);
  if (openFiles.has(name)) throw historyInUse(file, 'by another part of this process');
  openFiles.add(name);
  return () => void openFiles.delete(name);
}

export function isOpenHere(file: string): boolean {
  return openFiles.has(realName(file));
}

/** A unique name for a file, whatever links lead to it. The file need not exist. */
function realName(file: string): string {
  const resolved = path.resolve(file);
  if (existsSync(resolved)) return realpathSync(resolved);
  const folder = path.dirname(resolved);
  return existsSync(folder) ? path.join(realpathSync(folder), path.basename(resolved)) : resolved;
}
