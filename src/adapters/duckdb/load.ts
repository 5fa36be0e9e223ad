import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { loadOptional } from '../../node/optional-package';
import type { DuckDbInstanceLike } from './client';

export interface DuckDbResources {
  /** Limit of memory that DuckDB uses before it writes to its temporary folder: `512MB`, `4GB`, … Default `1GB`. */
  readonly memoryLimit?: string;
  /** At most this many threads of a query. Default: one per core. */
  readonly threads?: number;
}

/** Opens a file or `:memory:`. Loads the package late: a process with other backends need not have it. */
export async function openInstance(
  file: string,
  { memoryLimit = '1GB', threads }: DuckDbResources,
  access: 'READ_WRITE' | 'READ_ONLY' = 'READ_WRITE',
): Promise<DuckDbInstanceLike> {
  const { DuckDBInstance } = loadDuckDb();
  return await DuckDBInstance.create(file, {
    access_mode: access,
    memory_limit: memoryLimit,
    // Otherwise it would be created in the working directory.
    ...(file === ':memory:' && { temp_directory: path.join(tmpdir(), 'selvage-duckdb') }),
    ...(threads !== undefined && { threads: String(threads) }),
    // Everything needed is built in; nothing is ever downloaded.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
}

function loadDuckDb(): {
  DuckDBInstance: {
    create(path: string, options: Record<string, string>): Promise<DuckDbInstanceLike>;
  };
} {
  return loadOptional('@duckdb/node-api', { by: 'DuckDB' });
}
