/** The part of `@duckdb/node-api` that is used here, so that our declarations do not need the package. */

export type DuckDbValue = string | number | bigint | boolean | null;

export interface DuckDbInstanceLike {
  connect(): Promise<DuckDbConnectionLike>;
  closeSync(): void;
}

export interface DuckDbConnectionLike {
  runAndReadAll(sql: string, values?: DuckDbValue[]): Promise<DuckDbRowsLike>;
  createAppender(table: string): Promise<DuckDbAppenderLike>;
  closeSync(): void;
}

interface DuckDbRowsLike {
  /** The rows, with JavaScript values for lists, times and the like. */
  getRowObjectsJS(): Record<string, unknown>[];
}

export interface DuckDbAppenderLike {
  appendVarchar(value: string): void;
  appendDouble(value: number): void;
  appendBigInt(value: bigint): void;
  appendNull(): void;
  endRow(): void;
  flushSync(): void;
  clear(): void;
  closeSync(): void;
}
