import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { SealingKey } from './sealing-key';

/**
 * The name that a sealed value is stored under: `sealed:`, the digest of its hash encrypted (80 hexadecimal digits), and the tag of the key (16).
 *
 * Who reads the storage must not be able to guess a value by the hash in its name, and who has the key must find it by its hash: so the
 * encryption is deterministic, AES-256 key wrap (RFC 3394), which also tells when a name does not open. Its initial value says which kind of
 * hash it is. The key of names is derived from the key that the contents are sealed with, so that a subject's values, or those under a key that
 * was destroyed, are as nameless as they are unreadable.
 */

const HASH = /^(bytes-sha256|sha256):([0-9a-f]{64})$/;
const NAME = /^sealed:([0-9a-f]{80})([0-9a-f]{16})$/;
const WRAP = 'id-aes256-wrap';
/** By kind of hash: eight bytes. */
const INITIAL = {
  sha256: Buffer.from('sha256 1'),
  'bytes-sha256': Buffer.from('bytes  1'),
} as const;

/** Undefined of what is no content hash. */
export function sealedName(hash: string, { names, tag }: SealingKey): string | undefined {
  const match = HASH.exec(hash);
  if (!match) return undefined;
  const cipher = createCipheriv(WRAP, names, INITIAL[match[1] as keyof typeof INITIAL]);
  const wrapped = Buffer.concat([cipher.update(match[2]!, 'hex'), cipher.final()]);
  return `sealed:${wrapped.toString('hex')}${tag}`;
}

/** The tag of the key that a sealed value's name was made with; undefined of any other name. */
export function tagOfName(name: string): string | undefined {
  return NAME.exec(name)?.[2];
}

/** The hash of the value with this name; undefined if the name was not made with this key. */
export function hashOfName(name: string, { names, tag }: SealingKey): string | undefined {
  const match = NAME.exec(name);
  if (match?.[2] !== tag) return undefined;
  for (const [kind, initial] of Object.entries(INITIAL)) {
    try {
      const decipher = createDecipheriv(WRAP, names, initial);
      const digest = Buffer.concat([decipher.update(match[1]!, 'hex'), decipher.final()]);
      return `${kind}:${digest.toString('hex')}`;
    } catch {
      // Of the other kind, or changed.
    }
  }
  return undefined;
}
