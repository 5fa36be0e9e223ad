import { SelvageError } from '../errors';
import type { DefinitionRecord, KnotRecord, TapestryRecord } from '../authoring/records';
import { differenceOf, isSameBody } from '../authoring/same-body';
import type { Hashes } from '../authoring/hashes';
import type { PlanDefinition } from './plan';

/**
 * The definitions of a plan, in the order of first use. Functions in place with equal source are one definition:
 * plans distinguish them by text, and hosts find them by knot.
 */
export class DefinitionTable {
  readonly list: PlanDefinition[] = [];
  private readonly indexes = new Map<DefinitionRecord, number>();
  private readonly byName = new Map<string, DefinitionRecord>();

  constructor(
    private readonly tapestry: TapestryRecord,
    private readonly hashes: Hashes,
  ) {}

  indexOf(definition: DefinitionRecord, user: KnotRecord): number {
    return this.indexes.get(definition) ?? this.add(definition, user);
  }

  private add(definition: DefinitionRecord, user: KnotRecord): number {
    const { name, version, inline, source } = definition;
    const key = JSON.stringify(inline ? [name, version, source] : [name, version]);
    const present = this.byName.get(key);
    if (present && (inline || isSameBody(present, definition))) {
      const index = this.indexes.get(present)!;
      this.indexes.set(definition, index);
      return index;
    }
    if (present) {
      const which = version === undefined ? `'${name}' (without version)` : `'${name}' version '${version}'`;
      throw new SelvageError(
        'DuplicateDefinition',
        `Tapestry '${this.tapestry.name}' uses two different definitions ${which}, the second in knot '${user.id}'. ` +
          differenceOf(present, definition),
        { details: { tapestry: this.tapestry.name, definition: name, version, knot: user.id } },
      );
    }
    const index = this.list.length;
    this.byName.set(key, definition);
    this.indexes.set(definition, index);
    this.list.push({
      name,
      ...(version !== undefined && { version }),
      ...(inline && { inline }),
      ...codeOf(definition, this.hashes),
    });
    return index;
  }
}

function codeOf(definition: DefinitionRecord, hashes: Hashes): Pick<PlanDefinition, 'codeHash'> {
  const codeHash = hashes.ofSource(definition);
  return codeHash === undefined ? {} : { codeHash };
}
