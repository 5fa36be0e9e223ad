import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';
import type { Encoded } from './encoded';
import { fromBase64, toBase64 } from './base64';
import { canonicalJson, type Json } from './json';
import { asPlainBytes } from './kinds';

/** Lower-case hex. Strings are hashed as UTF-8. */
export type Sha256 = (data: Uint8Array | string) => string;

const HASH = /^(?:bytes-)?sha256:[0-9a-f]{64}$/;

/** This hash also works in the workflow sandbox. On Node, `node:crypto` is many times faster for large values. */
export const defaultSha256: Sha256 = (data) =>
  bytesToHex(sha256(typeof data === 'string' ? data : asPlainBytes(data)));

/**
 * The hash that identifies a value: `sha256:` over canonical JSON, `bytes-sha256:` over raw bytes. Bytes, and a text
 * that spells them, are therefore different values.
 */
export function contentHash(encoded: Encoded, sha256: Sha256 = defaultSha256): string {
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
