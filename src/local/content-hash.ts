import { nodeSha256 } from '../adapters/shared/node-sha256';
import { encodeOutput } from '../execution';

/**
 * The hash of a value, as lineage has it: `sha256:` of its canonical JSON, `bytes-sha256:` of bytes and of a `StoredBytes`. Equal values have equal
 * hashes, on every machine and in every language. With a digest key, records have the keyed ones instead.
 *
 * @throws SelvageError `NotEncodable`
 */
export function contentHash(value: unknown): string {
  return encodeOutput(value, nodeSha256).hash;
}
