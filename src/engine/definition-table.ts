import { SelvageError } from '../errors';
import type { DefinitionRecord, KnotRecord, TapestryRecord } from '../model/records';
import type { Hashes } from './hashes';
import type { PlanDefinition } from './plan';

/** The definitions of a plan, each once, in the order in which its knots first use them. */
export class DefinitionTable {
  readonly list: PlanDefinition[] = [];
  private readonly indexes = new Map<DefinitionRecord, number>();
  private readonly records = new Map<string, DefinitionRecord>();

  constructor(
    private readonly tapestry: TapestryRecord,
    private readonly hashes: Hashes,
  ) {}

  indexOf(definition: DefinitionRecord, user: KnotRecord): number {
    return this.indexes.get(definition) ?? this.add(definition, user);
  }

  private add(definition: DefinitionRecord, user: KnotRecord): number {
    const { name, version } = definition;
    const key = JSON.stringify([name, version]);
    if (this.records.has(key)) {
      const which = version === undefined ? `'${name}' (without version)` : `'${name}' version '${version}'`;
      throw new SelvageError(
        'DuplicateDefinition',
        `Tapestry '${this.tapestry.name}' uses two different definitions ${which}, the second in knot '${user.id}': ` +
          'give one of them another name or version, or share one definition.',
        { details: { tapestry: this.tapestry.name, definition: name, version, knot: user.id } },
      );
    }
    const index = this.list.length;
    this.records.set(key, definition);
    this.indexes.set(definition, index);
    this.list.push({
      name,
      ...(version !== undefined && { version }),
      codeHash: this.hashes.ofSource(definition),
    });
    return index;
  }
}
