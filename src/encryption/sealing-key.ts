import { hkdfSync } from 'node:crypto';
import { SelvageError } from '../errors';

const KEY_BYTES = 32;
const KEY_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/**
 * A set of keys, one for each use, derived from a secret of 32 bytes, which cannot be computed from them. No message
 * shows these keys.
 */
export interface SealingKey {
  /** The operators' name for the key; for a subject's key, its tag. */
  readonly id: string;
  /** Identifies the key in the names of sealed values: 16 hexadecimal digits that reveal nothing of it. */
  readonly tag: string;
  /** Seals contents. */
  readonly contents: Buffer;
  /** Encrypts names. */
  readonly names: Buffer;
}

/** @param id the key's name, by default its tag */
export function sealingKey(secret: Uint8Array, id?: string): SealingKey {
  const derive = (use: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `selvage ${use} v1`, length));
  const tag = derive('tag', 8).toString('hex');
  return { id: id ?? tag, tag, contents: derive('contents', KEY_BYTES), names: derive('names', KEY_BYTES) };
}

/**
 * @param text `id:base64,id2:base64`, or one per line, with `#` comments
 * @param use the purpose of the keys, for messages
 * @param without the id that stands for "no key", in lists that allow it
 * @returns the keys by id, in order
 * @throws SelvageError `InvalidKey`, which never shows any of a key
 */
export function parseKeys(text: string, use: string): Map<string, Uint8Array>;
export function parseKeys(text: string, use: string, without: string): Map<string, Uint8Array | undefined>;
export function parseKeys(text: string, use: string, without?: string): Map<string, Uint8Array | undefined> {
  const keys = new Map<string, Uint8Array | undefined>();
  for (const entry of text.split(/[,\n]/).map((part) => part.trim())) {
    if (entry === '' || entry.startsWith('#')) continue;
    const colon = entry.indexOf(':');
    const isNone = entry === without;
    if (colon === -1 && !isNone)
      throw invalidKey(`The keys for ${use} are not of the form id:base64,id2:base64.`);
    const id = isNone ? entry : requireKeyId(entry.slice(0, colon), use);
    if (keys.has(id) || (id === without && !isNone)) throw givenTwice(id, use);
    keys.set(id, isNone ? undefined : keyBytes(id, entry.slice(colon + 1), use));
  }
  return keys;
}

/** @throws SelvageError `InvalidKey` */
export function requireKeyId(id: string, use: string): string {
  if (KEY_ID.test(id)) return id;
  // The text may be a misplaced key, so it is not shown.
  throw invalidKey(
    `A key for ${use} has an id of ${id.length} characters that is none: letters, digits, ".", "_" and "-", at most 64 of them.`,
  );
}

/** Accepts base64, base64url or bytes. @throws SelvageError `InvalidKey`, which never shows any of the key */
export function keyBytes(id: string, key: string | Uint8Array, use: string): Uint8Array {
  const bytes =
    typeof key === 'string' ? (BASE64.test(key) ? Buffer.from(key, 'base64') : Buffer.alloc(0)) : key;
  if (bytes instanceof Uint8Array && bytes.byteLength === KEY_BYTES) return bytes;
  throw invalidKey(
    `The key "${id}" for ${use} is not ${KEY_BYTES} bytes as base64. Make one with: openssl rand -base64 32`,
    id,
  );
}

export function givenTwice(id: string, use: string): SelvageError {
  return invalidKey(`The key "${id}" for ${use} was given twice.`, id);
}

export function invalidKey(message: string, id?: string): SelvageError {
  return new SelvageError('InvalidKey', message, { details: id === undefined ? {} : { key: id } });
}
