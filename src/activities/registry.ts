import { SelvageError } from '../errors';
import type { CompiledPlan } from '../engine';
import { planOf, withNested } from '../execution';
import type { Sha256 } from '../canonical';
import type { DefinitionRecord, TapestryRecord } from '../model/records';

/**
 * What a worker can run: tapestries by name, with those that are nested in them, bodies by definition name and version.
 *
 * Calls of one generic function make definitions of one name and source that may differ in the values they capture. The
 * knot tells which of them is meant; a knot that the present tapestry does not have any more gets a body only where there
 * is but one.
 */
export class Registry {
  private readonly tapestries = new Map<string, TapestryRecord>();
  /** By name and version: the definitions, which have one source, and the first tapestry that uses them; not those written in place. */
  private readonly definitions = new Map<string, { all: Set<DefinitionRecord>; usedBy: string }>();

  /**
   * @throws SelvageError `DuplicateTapestry` or `DuplicateDefinition`, naming both users of the name; or any of compiling
   */
  constructor(
    tapestries: readonly TapestryRecord[],
    private readonly sha256: Sha256,
  ) {
    const all = new Set(tapestries.flatMap((tapestry) => [...withNested(tapestry)]));
    for (const tapestry of all) this.add(tapestry);
  }

  get tapestryNames(): readonly string[] {
    return [...this.tapestries.keys()];
  }

  /** Names of all definitions, each once: the activity types. */
  get activityTypes(): readonly string[] {
    const names = new Set<string>();
    for (const { all } of this.definitions.values()) for (const { name } of all) names.add(name);
    for (const { knots } of this.tapestries.values()) {
      for (const { definition } of knots.values()) {
        if (definition?.inline) names.add(definition.name);
        if (definition?.map?.each.inline) names.add(definition.map.each.name);
      }
    }
    return [...names];
  }

  tapestry(name: string): TapestryRecord | undefined {
    return this.tapestries.get(name);
  }

  /** The body that this worker has now for a knot of a plan; undefined: none, or no single one. */
  definition(
    tapestry: string,
    knotId: string,
    name: string,
    version: string | undefined,
  ): DefinitionRecord | undefined {
    const placed = this.tapestries.get(tapestry)?.knots.get(knotId)?.definition;
    for (const own of [placed, placed?.map?.each]) {
      if (own?.name === name && own.version === version) return own;
    }
    return this.registered(name, version);
  }

  /** The one that extensions may name, wherever it is placed; undefined: none, or no single one. */
  registered(name: string, version: string | undefined): DefinitionRecord | undefined {
    const candidates = this.definitions.get(definitionKey(name, version))?.all;
    if (candidates?.size !== 1) return undefined;
    const [only] = candidates;
    return only;
  }

  plan(tapestry: TapestryRecord): CompiledPlan {
    return planOf(tapestry, this.sha256);
  }

  private add(tapestry: TapestryRecord): void {
    if (this.tapestries.has(tapestry.name)) {
      throw new SelvageError(
        'DuplicateTapestry',
        `Two different tapestries are named "${tapestry.name}". Rename one: a tapestry's name is its workflow type.`,
        { details: { tapestry: tapestry.name } },
      );
    }
    this.tapestries.set(tapestry.name, tapestry);
    for (const knot of tapestry.knots.values()) {
      if (knot.definition && !knot.definition.inline) this.addDefinition(knot.definition, tapestry);
      const each = knot.definition?.map?.each;
      if (each && !each.inline) this.addDefinition(each, tapestry);
    }
    for (const definition of tapestry.definitions ?? []) this.addDefinition(definition, tapestry);
    this.plan(tapestry);
  }

  private addDefinition(definition: DefinitionRecord, tapestry: TapestryRecord): void {
    const key = definitionKey(definition.name, definition.version);
    const known = this.definitions.get(key);
    if (!known) {
      this.definitions.set(key, { all: new Set([definition]), usedBy: tapestry.name });
      return;
    }
    const [first] = known.all;
    if (first!.source !== definition.source) {
      throw new SelvageError(
        'DuplicateDefinition',
        `Tapestry "${tapestry.name}" uses a definition "${key}" that differs from the one that tapestry "${known.usedBy}" ` +
          'uses under the same name and version. Rename one of them or give it another version.',
        {
          details: {
            definition: definition.name,
            version: definition.version,
            tapestries: [known.usedBy, tapestry.name],
          },
        },
      );
    }
    // `optional` makes another definition of the same body.
    if (![...known.all].some(({ body }) => body === definition.body)) known.all.add(definition);
  }
}

function definitionKey(name: string, version: string | undefined): string {
  return version === undefined ? name : `${name}@${version}`;
}
