import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { SelvageError } from '../../../errors';
import type { DuckDbInstanceLike } from './client';

export interface DuckDbResources {
  /** Memory that DuckDB takes at most before it uses its temporary folder: `512MB`, `4GB`, … Default `1GB`. */
  readonly memoryLimit?: string;
  /** Threads that a query takes at most. Default: as many as the machine has cores. */
  readonly threads?: number;
}

/** Opens a database file of DuckDB, or `:memory:`. Loads the package late: a process with other backends need not have it. */
export async function openInstance(
  file: string,
  { memoryLimit = '1GB', threads }: DuckDbResources,
  access: 'READ_WRITE' | 'READ_ONLY' = 'READ_WRITE',
): Promise<DuckDbInstanceLike> {
  const { DuckDBInstance } = await loadDuckDb();
  return await DuckDBInstance.create(file, {
    access_mode: access,
    memory_limit: memoryLimit,
    // Else it would be made where the process was started.
    ...(file === ':memory:' && { temp_directory: path.join(tmpdir(), 'selvage-duckdb') }),
    ...(threads !== undefined && { threads: String(threads) }),
    // All that is needed is built in; nothing is ever downloaded.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
}

async function loadDuckDb(): Promise<{
  DuckDBInstance: {
    create(path: string, options: Record<string, string>): Promise<DuckDbInstanceLike>;
  };
}> {
  try {
    return await import('@duckdb/node-api');
  } catch (error) {
    throw new SelvageError(
      'MissingPackage',
      'DuckDB needs the package @duckdb/node-api with its binary for this platform, and it could not be loaded. Install it: `npm install @duckdb/node-api` (without `--omit=optional`).',
      { details: { package: '@duckdb/node-api' }, cause: error },
    );
  }
}
