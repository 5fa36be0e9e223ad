import { nodeSha256 } from '../node-sha256';
import { encodeOutput } from '../runtime';

/**
 * The hash of a value as in lineage: `sha256:` of its canonical JSON, or `bytes-sha256:` for bytes and a `StoredBytes`.
 * Equal values have equal hashes, on every machine and in every language. With a digest key, records contain keyed
 * hashes instead.
 *
 * @throws SelvageError `NotEncodable`
 */
export function contentHash(value: unknown): string {
  return encodeOutput(value, nodeSha256).hash;
}
