import { createCipheriv, createDecipheriv } from 'node:crypto';
import { partsOfHash, type HashKind } from '../values/hash';
import type { SealingKey } from './sealing-key';

/**
 * The stored name of a sealed value: `sealed:`, the encrypted digest of its hash (80 hexadecimal digits), and
 * the key's tag (16).
 *
 * A reader of the storage must not be able to check a guessed value by its name, and a holder of the key must find a
 * value by its hash. The encryption is therefore deterministic: AES-256 key wrap (RFC 3394), which also detects names
 * that do not decrypt. The initial value of the key wrap tells the kind of hash. The key for names has the same secret
 * as the key of contents, so a destroyed key hides names and contents alike.
 */

const NAME = /^sealed:([0-9a-f]{80})([0-9a-f]{16})$/;
const WRAP = 'id-aes256-wrap';
/** Exactly eight bytes for each kind. */
const INITIAL: Readonly<Record<HashKind, Buffer>> = {
  sha256: Buffer.from('sha256 1'),
  'bytes-sha256': Buffer.from('bytes  1'),
  'table-sha256': Buffer.from('table  1'),
};

/** Returns undefined unless given a content hash. */
export function sealedName(hash: string, { names, tag }: SealingKey): string | undefined {
  const parts = partsOfHash(hash);
  if (!parts) return undefined;
  const cipher = createCipheriv(WRAP, names, INITIAL[parts.kind]);
  const wrapped = Buffer.concat([cipher.update(parts.digits, 'hex'), cipher.final()]);
  return `sealed:${wrapped.toString('hex')}${tag}`;
}

/** The tag of the key in a name; undefined if this is not the name of a sealed value. */
export function tagOfName(name: string): string | undefined {
  return NAME.exec(name)?.[2];
}

/** The hash that a name hides; undefined if this key did not make the name. */
export function hashOfName(name: string, { names, tag }: SealingKey): string | undefined {
  const match = NAME.exec(name);
  if (match?.[2] !== tag) return undefined;
  for (const [kind, initial] of Object.entries(INITIAL)) {
    try {
      const decipher = createDecipheriv(WRAP, names, initial);
      const digest = Buffer.concat([decipher.update(match[1]!, 'hex'), decipher.final()]);
      return `${kind}:${digest.toString('hex')}`;
    } catch {
      // This name is of another kind, or was changed.
    }
  }
  return undefined;
}
