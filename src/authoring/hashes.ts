import { canonicalJson, contentHash, hashText, type Encoded, type Json, type Sha256 } from '../values';
import type { DefinitionRecord } from './records';

const codeHashes = new WeakMap<DefinitionRecord, string>();

/** Caches the hashes of one compilation: equal knots have equal texts, and each text is hashed once. */
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

  /** Cached beyond one compilation, because definitions live as long as their module and sources are long. */
  ofSource(definition: DefinitionRecord): string {
    const known = codeHashes.get(definition);
    if (known !== undefined) return known;
    const hash = hashText(definition.source, this.sha256);
    codeHashes.set(definition, hash);
    return hash;
  }
}
