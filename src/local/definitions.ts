import { hashText, type Sha256 } from '../canonical';
import type { RegisteredDefinition } from '../engine';
import type { DefinitionRecord, TapestryRecord } from '../model/records';

/** The definitions that extensions of an in-process run may name: those of its tapestry, as a worker of it would have them. */
export class Definitions {
  private readonly all = new Map<string, DefinitionRecord[]>();

  constructor(
    { knots, definitions = [] }: TapestryRecord,
    private readonly sha256: Sha256,
  ) {
    const placed = [...knots.values()].flatMap(({ definition }) => definition ?? []);
    for (const definition of [...placed, ...definitions]) if (!definition.inline) this.add(definition);
  }

  find(name: string, version: string | undefined): RegisteredDefinition | undefined {
    const definition = this.body(name, version);
    if (!definition) return undefined;
    return { codeHash: hashText(definition.source, this.sha256), receives: definition.receives };
  }

  /** Undefined where there is none, or no single one. */
  body(name: string, version: string | undefined): DefinitionRecord | undefined {
    const [only, ...others] = this.all.get(keyOf(name, version)) ?? [];
    return others.length === 0 ? only : undefined;
  }

  private add(definition: DefinitionRecord): void {
    const key = keyOf(definition.name, definition.version);
    const known = this.all.get(key) ?? [];
    // `optional` makes another definition of the same body.
    if (!known.some(({ body }) => body === definition.body)) this.all.set(key, [...known, definition]);
  }
}

function keyOf(name: string, version: string | undefined): string {
  return JSON.stringify([name, version]);
}
