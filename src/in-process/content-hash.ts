import { nodeSha256 } from '../node/node-sha256';
import { encodeOutput } from '../runtime';
import { Table } from '../tables/table';

/**
 * The hash of a value in lineage: `sha256:` of its canonical JSON, or `bytes-sha256:` for bytes and a `StoredBytes`.
 * The hash is the same on every machine and in every language. With a digest key, records have keyed hashes instead.
 * Throws `NotEncodable`.
 */
export function contentHash(value: unknown): string {
  return Table.is(value) ? value.hash : encodeOutput(value, nodeSha256).hash;
}
