import { SelvageError } from '../errors';
import type { CompiledPlan, RegisteredDefinition } from '../plan';
import { NamedDefinitions, planOf, withNested } from '../runtime';
import type { Sha256 } from '../values';
import type { DefinitionRecord, TapestryRecord } from '../authoring/records';
import { batchNamed } from '../streams/batch';

export class Registry {
  private readonly tapestries = new Map<string, TapestryRecord>();
  private readonly definitions: NamedDefinitions;

  /** @throws SelvageError `DuplicateTapestry` or `DuplicateDefinition`, naming both users; or any of compiling */
  constructor(
    tapestries: readonly TapestryRecord[],
    private readonly sha256: Sha256,
  ) {
    const all = new Set(tapestries.flatMap((tapestry) => [...withNested(tapestry)]));
    for (const tapestry of all) this.add(tapestry);
    this.definitions = new NamedDefinitions(all, sha256);
    for (const tapestry of all) this.plan(tapestry);
  }

  get tapestryNames(): readonly string[] {
    return [...this.tapestries.keys()];
  }

  get activityTypes(): readonly string[] {
    const names = new Set(this.definitions.names);
    for (const { knots } of this.tapestries.values()) {
      for (const { definition } of knots.values()) {
        if (definition?.inline) names.add(definition.name);
        if (definition?.map?.each.inline) names.add(definition.map.each.name);
      }
    }
    return [...names];
  }

  get all(): readonly TapestryRecord[] {
    return [...this.tapestries.values()];
  }

  /** Finds batches of any size: a stream may have claimed a batch with other options than it has now. */
  tapestry(name: string): TapestryRecord | undefined {
    return this.tapestries.get(name) ?? batchNamed(name, this.tapestries.values());
  }

  definition(
    tapestry: string,
    knotId: string,
    name: string,
    version: string | undefined,
  ): DefinitionRecord | undefined {
    const placed = this.tapestry(tapestry)?.knots.get(knotId)?.definition;
    for (const own of [placed, placed?.map?.each]) {
      if (own?.inline && own.name === name && own.version === version) return own;
    }
    return this.definitions.get(name, version);
  }

  registered(name: string, version: string | undefined): RegisteredDefinition | undefined {
    return this.definitions.registered(name, version);
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
  }
}
