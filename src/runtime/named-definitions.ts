import type { Sha256 } from '../values';
import type { RegisteredDefinition } from '../plan';
import { hostName } from '../authoring/body-host';
import { Hashes } from '../authoring/hashes';
import { SelvageError } from '../errors';
import type { DefinitionRecord, TapestryRecord } from '../authoring/records';
import { differenceOf, isSameBody } from '../authoring/same-body';

/** Definitions of several tapestries by name and version. Functions in place are found by their knot instead. */
export class NamedDefinitions {
  private readonly all = new Map<string, { definition: DefinitionRecord; usedBy: string }>();
  private readonly hashes: Hashes;

  /** @throws SelvageError `DuplicateDefinition`, naming both tapestries */
  constructor(tapestries: Iterable<TapestryRecord>, sha256: Sha256) {
    this.hashes = new Hashes(sha256);
    for (const tapestry of tapestries) {
      for (const { definition } of tapestry.knots.values()) {
        if (!definition) continue;
        this.add(definition, tapestry);
        if (definition.map) this.add(definition.map.each, tapestry);
      }
      for (const definition of tapestry.definitions ?? []) this.add(definition, tapestry);
    }
  }

  get names(): ReadonlySet<string> {
    return new Set([...this.all.values()].map(({ definition }) => definition.name));
  }

  get(name: string, version: string | undefined): DefinitionRecord | undefined {
    return this.all.get(keyOf(name, version))?.definition;
  }

  registered(name: string, version: string | undefined): RegisteredDefinition | undefined {
    const definition = this.get(name, version);
    if (!definition) return undefined;
    const { receives, host } = definition;
    return { codeHash: this.hashes.ofSource(definition), receives, ...(host && { host: hostName(host) }) };
  }

  private add(definition: DefinitionRecord, tapestry: TapestryRecord): void {
    if (definition.inline) return;
    const { name, version } = definition;
    const key = keyOf(name, version);
    const known = this.all.get(key);
    if (!known) {
      this.all.set(key, { definition, usedBy: tapestry.name });
      return;
    }
    if (isSameBody(known.definition, definition)) return;
    throw new SelvageError(
      'DuplicateDefinition',
      `Tapestry "${tapestry.name}" uses a definition "${key}" that differs from the one that tapestry "${known.usedBy}" uses under the same name and ` +
        `version. ${differenceOf(known.definition, definition)}`,
      { details: { definition: name, version, tapestries: [known.usedBy, tapestry.name] } },
    );
  }
}

/** The key is unambiguous, as no name contains `@`. */
function keyOf(name: string, version: string | undefined): string {
  return version === undefined ? name : `${name}@${version}`;
}
