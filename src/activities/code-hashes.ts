import { hashText, type Sha256 } from '../values';
import type { DefinitionRecord } from '../authoring/records';

/** Hashes of the bodies that this worker has, each computed once. */
export class CodeHashes {
  private readonly hashes = new WeakMap<DefinitionRecord, string>();

  constructor(private readonly sha256: Sha256) {}

  of(definition: DefinitionRecord): string {
    let hash = this.hashes.get(definition);
    if (hash === undefined) {
      hash = hashText(definition.source, this.sha256);
      this.hashes.set(definition, hash);
    }
    return hash;
  }
}
