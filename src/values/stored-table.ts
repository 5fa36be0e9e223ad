import type { Json } from './json';

/** Marks tables of any realm and copy of the package. */
export const STORED_TABLE: unique symbol = Symbol.for('selvage.table') as typeof STORED_TABLE;

/** What is encoded of a table. `src/tables` knows the rest. */
export interface TableReference {
  /** `table-sha256:…` */
  readonly hash: string;
  /** Which columns there are and which bytes hold them; absent if the table has not been read yet. */
  readonly manifest?: Json;
  /** The Parquet file, for a body that cannot ask the worker for it. */
  readonly bytes?: Uint8Array;
}

export interface StoredTable {
  /** What refers to the table; `isStored` is false until the data store has its bytes. */
  readonly [STORED_TABLE]: TableReference & { readonly isStored: boolean };
}

export function isStoredTable(value: unknown): value is StoredTable {
  return typeof value === 'object' && value !== null && STORED_TABLE in value;
}

/** What makes a table of a reference. Undefined where no tables are read, such as in a workflow. */
const decoder: { make?: (reference: TableReference) => StoredTable } = {};

export function decodeTablesBy(by: (reference: TableReference) => StoredTable): void {
  decoder.make = by;
}

export function tableOf(reference: TableReference): StoredTable | undefined {
  return decoder.make?.(reference);
}
