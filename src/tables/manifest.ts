import { canonicalJson, type Sha256 } from '../values';

/** A column of a table: what its part of the table's hash is made of. */
export interface ManifestColumn {
  /** The digest of the column's content, in hexadecimal digits. */
  readonly hash: string;
  readonly name: string;
  /** The canonical name of the type, such as `timestamp[us, tz=UTC]`. */
  readonly type: string;
}

/**
 * What the data store keeps under a `table-sha256:` hash: which columns the table has, and which bytes hold them. The
 * hash is that of `columns` and `rows`, so a reader checks a manifest by itself.
 */
export interface TableManifest {
  /** The Parquet file: a `bytes-sha256:` hash. It may have more columns than the table. */
  readonly blob: string;
  /** The size of the Parquet file in bytes. */
  readonly size: number;
  readonly rows: number;
  readonly columns: readonly ManifestColumn[];
  /** The names of the columns by which the rows are sorted; absent if there is no key. */
  readonly key?: readonly string[];
  /**
   * For each column the digests of its blocks of 65,536 rows, one after another in base64: an appended table is
   * hashed from its last whole block on.
   */
  readonly blocks?: readonly string[];
}

/** `table-sha256:…`, see docs/table-hash.md. */
export function tableHash(
  { columns, rows }: Pick<TableManifest, 'columns' | 'rows'>,
  sha256: Sha256,
): string {
  const facts = { columns: columns.map(({ hash, name, type }) => ({ hash, name, type })), rows };
  return `table-sha256:${sha256(`selvage.table.v1\n${canonicalJson(facts)}`)}`;
}
