import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';
import type { Encoded } from './encoded';
import { fromBase64, toBase64 } from './base64';
import { canonicalJson, type Json } from './json';
import { asPlainBytes } from './kinds';

/** Lower-case hex. Strings are hashed as UTF-8. */
export type Sha256 = (data: Uint8Array | string) => string;

/** The kinds of content hashes: of canonical JSON, of raw bytes, of tables. A colon and 64 hexadecimal digits follow. */
export const HASH_KINDS = ['sha256', 'bytes-sha256', 'table-sha256'] as const;
export type HashKind = (typeof HASH_KINDS)[number];

/** The hexadecimal digits of every hash. */
export const HASH_DIGITS = 64;

const KINDS = HASH_KINDS.join('|');
const HASH = new RegExp(`^(${KINDS}):([0-9a-f]{64})$`);
/** Listings end a beginning with an ellipsis. */
const BEGINNING = new RegExp(`^(?:(${KINDS}):)?([0-9a-f]{4,64})…?$`);

/** This hash also works in the workflow sandbox. On Node, `node:crypto` is many times faster for large values. */
export const defaultSha256: Sha256 = (data) =>
  bytesToHex(sha256(typeof data === 'string' ? data : asPlainBytes(data)));

/**
 * The hash that identifies a value: `sha256:` over canonical JSON, `bytes-sha256:` over raw bytes. Bytes, and a text
 * that spells them, are therefore different values.
 */
export function contentHash(encoded: Encoded, sha256: Sha256 = defaultSha256): string {
  if (encoded.kind === 'table') return encoded.hash;
  return encoded.kind === 'bytes' ? `bytes-sha256:${sha256(encoded.bytes)}` : hashText(encoded.text, sha256);
}

export function hashJson(json: Json, sha256?: Sha256): string {
  return hashText(canonicalJson(json), sha256);
}

/** Hashes a text as it is spelled: canonical JSON, or source code. */
export function hashText(text: string, sha256: Sha256 = defaultSha256): string {
  return `sha256:${sha256(text)}`;
}

export function isHash(text: string): boolean {
  return HASH.test(text);
}

/** Kind and digits of a content hash; undefined for other texts. */
export function partsOfHash(text: string): { readonly kind: HashKind; readonly digits: string } | undefined {
  const match = HASH.exec(text);
  return match ? { kind: match[1] as HashKind, digits: match[2]! } : undefined;
}

/** Whether a content hash, which was checked before, is that of raw bytes. */
export function isBytesHash(hash: string): boolean {
  return hash.startsWith('bytes-sha256:');
}

/** Whether a content hash, which was checked before, names a table. */
export function isTableHash(hash: string): boolean {
  return hash.startsWith('table-sha256:');
}

/**
 * The kinds and first digits of the hashes that a text may begin: at least four digits, with or without a kind.
 * Undefined for other texts.
 */
export function beginningOfHash(
  text: string,
):
  | { readonly kinds: readonly HashKind[]; readonly isOfOneKind: boolean; readonly digits: string }
  | undefined {
  const [, kind, digits] = BEGINNING.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const isOfOneKind = kind !== undefined;
  return { kinds: isOfOneKind ? [kind as HashKind] : HASH_KINDS, isOfOneKind, digits };
}

const PREFIX = 'sha256:';
const PACKED = /^[A-Za-z0-9_-]{43}$/;

/** Shortens a hash from 71 to 43 characters, as it repeats per knot: base64url of RFC 4648 without padding. */
export function packHash(hash: string): string {
  const bytes = new Uint8Array(32);
  for (let index = 0; index < 32; index++) {
    const at = PREFIX.length + 2 * index;
    bytes[index] = Number.parseInt(hash.slice(at, at + 2), 16);
  }
  return toBase64(bytes).slice(0, 43).replaceAll('+', '-').replaceAll('/', '_');
}

/** The hash; undefined for other texts. */
export function unpackHash(packed: string): string | undefined {
  if (!PACKED.test(packed)) return undefined;
  const bytes = fromBase64(`${packed.replaceAll('-', '+').replaceAll('_', '/')}=`);
  return bytes && `${PREFIX}${bytesToHex(bytes)}`;
}
