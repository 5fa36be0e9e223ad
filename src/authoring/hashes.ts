import { canonicalJson, contentHash, hashText, type Encoded, type Json, type Sha256 } from '../values';
import type { DefinitionRecord } from './records';

const codeHashes = new WeakMap<DefinitionRecord, string>();

/** Hashes equal texts once per compilation. */
export class Hashes {
  private readonly known = new Map<string, string>();

  constructor(private readonly sha256: Sha256) {}

  of(encoded: Encoded): string {
    if (encoded.kind === 'bytes') return contentHash(encoded, this.sha256);
    const known = this.known.get(encoded.text);
    if (known !== undefined) return known;
    const hash = contentHash(encoded, this.sha256);
    this.known.set(encoded.text, hash);
    return hash;
  }

  ofJson(json: Json): string {
    return this.of({ kind: 'json', text: canonicalJson(json) });
  }

  /** The hash of a body's source, cached as sources are long; undefined if only the body's host knows the source. */
  ofSource(definition: DefinitionRecord): string | undefined {
    const known = codeHashes.get(definition);
    if (known !== undefined) return known;
    const { source } = definition;
    if (source === undefined) return undefined;
    const hash = codeHashOf(source, this.sha256);
    codeHashes.set(definition, hash);
    return hash;
  }
}

const CODE_HASH = /^sha256:[0-9a-f]{64}$/;

/** Hosts of other languages give the hash in place of the source; such a hash is returned unchanged. */
export function codeHashOf(source: string, sha256: Sha256): string {
  return CODE_HASH.test(source) ? source : hashText(source, sha256);
}
