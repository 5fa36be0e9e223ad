import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { loadOptional } from '../../node/optional-package';
import type { DuckDbInstanceLike } from './client';

export interface DuckDbResources {
  /** The most memory that DuckDB uses before it writes to its temporary folder, such as `4GB`; default `1GB`. */
  readonly memoryLimit?: string;
  /** At most this many threads of a query; one per core if omitted. */
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
    // Without this setting, DuckDB would create the temporary folder in the working directory.
    ...(file === ':memory:' && { temp_directory: path.join(tmpdir(), 'selvage-duckdb') }),
    ...(threads !== undefined && { threads: String(threads) }),
    // DuckDB has all needed extensions built in, and never downloads any.
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
