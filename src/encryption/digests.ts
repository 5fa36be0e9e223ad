import { createHmac } from 'node:crypto';
import { nodeSha256 } from '../node/node-sha256';
import type { Sha256 } from '../values';
import { SelvageError } from '../errors';
import { givenTwice, invalidKey, keyBytes, parseKeys, requireKeyId } from './sealing-key';

const USE = 'hashing values';
/** This id stands, in a list of keys, for hashes without a key. */
const PLAIN_ID = 'plain';
const TAG_DIGITS = 16;

/** A key for the hashes of values. */
export interface DigestKey {
  readonly id: string;
  /** The 32 bytes of the key, or these bytes as base64. */
  readonly key: string | Uint8Array;
}

/** Computes the hashes of values. */
export interface ValueDigest {
  /** The operators' name of the digest's key; `plain` if there is no key. */
  readonly id: string;
  /** Identifies the key in records: 16 hexadecimal digits that reveal nothing of it; absent without a key. */
  readonly tag?: string;
  /** The digest of bytes or a text. */
  readonly of: Sha256;
  /** The digest of bytes with this plain SHA-256; takes and returns lower-case hex. */
  readonly ofSha256: (sha256: string) => string;
}

export const PLAIN_DIGEST: ValueDigest = { id: PLAIN_ID, of: nodeSha256, ofSha256: (sha256) => sha256 };

/**
 * Hashes values as HMAC-SHA-256 of their plain SHA-256, so that nobody without the key can check a guessed
 * value. A run keeps one digest from its beginning to its end, by the tag in its record.
 */
export class Digests {
  static readonly none = new Digests([PLAIN_DIGEST]);
  readonly #all: readonly [ValueDigest, ...ValueDigest[]];

  private constructor(all: readonly [ValueDigest, ...ValueDigest[]]) {
    this.#all = all;
  }

  /**
   * @param keys `id:base64,id2:base64`, or one per line, or a list; the id `plain` stands for no key. The first key
   *   hashes new runs; runs that began with another key are accepted, too
   * @throws SelvageError `InvalidKey`, which never shows any of a key
   */
  static of(keys: string | readonly (DigestKey | typeof PLAIN_ID)[]): Digests {
    const secrets = typeof keys === 'string' ? parseKeys(keys, USE, PLAIN_ID) : secretsOf(keys);
    const [first, ...others] = [...secrets].map(([id, secret]) =>
      secret ? keyedDigest(id, secret) : PLAIN_DIGEST,
    );
    if (!first) throw invalidKey(`No key for ${USE} was given: give at least one, or leave the list out.`);
    return new Digests([first, ...others]);
  }

  /** For new runs. */
  get current(): ValueDigest {
    return this.#all[0];
  }

  /** All digests, the current one first. */
  get all(): readonly ValueDigest[] {
    return this.#all;
  }

  /** Whether to accept runs whose client hashes with the key of this tag, or without a key. */
  takes(tag: string | undefined): boolean {
    return this.#all.some((digest) => digest.tag === tag);
  }

  /** The digest of a run with this tag; undefined if this process lacks its key. */
  find(tag: string | undefined): ValueDigest | undefined {
    return tag === undefined ? PLAIN_DIGEST : this.#all.find((digest) => digest.tag === tag);
  }

  /** Like {@link find}, but requires that the key exists. @throws SelvageError `KeyMissing` */
  byTag(tag: string | undefined): ValueDigest {
    const found = this.find(tag);
    if (found) return found;
    throw new SelvageError(
      'KeyMissing',
      `There are runs whose values are hashed with a digest key (${tag}) that this process does not have. Give it, in SELVAGE_DIGEST_KEYS, ` +
        'SELVAGE_DIGEST_KEY_FILE or `digestKeys`, behind the one that hashes what is new: `selvage doctor` shows the tags of those that a process has.',
      { details: { key: tag } },
    );
  }
}

function secretsOf(keys: readonly (DigestKey | typeof PLAIN_ID)[]): Map<string, Uint8Array | undefined> {
  const secrets = new Map<string, Uint8Array | undefined>();
  for (const given of keys) {
    const { id, key } = given === PLAIN_ID ? { id: given, key: undefined } : given;
    requireKeyId(id, USE);
    if (secrets.has(id) || (id === PLAIN_ID && key !== undefined)) throw givenTwice(id, USE);
    secrets.set(id, key === undefined ? undefined : keyBytes(id, key, USE));
  }
  return secrets;
}

function keyedDigest(id: string, secret: Uint8Array): ValueDigest {
  const ofSha256 = (sha256: string): string =>
    createHmac('sha256', secret).update(sha256, 'hex').digest('hex');
  const tag = createHmac('sha256', secret).update('selvage digest tag v1').digest('hex').slice(0, TAG_DIGITS);
  return { id, tag, of: (data) => ofSha256(nodeSha256(data)), ofSha256 };
}
