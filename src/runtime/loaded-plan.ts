import { SelvageError } from '../errors';
import { layoutOf, mayHaveNoValue, readPlan, type Layout, type Plan, type PlanKnot } from '../plan';

/** A plan with its hash, its layout, and knots by id. */
export class LoadedPlan {
  private readonly indexes: ReadonlyMap<string, number>;
  private wholeLayout: Layout | undefined;
  private absences: readonly boolean[] | undefined;
  private paths: ReadonlyMap<number, readonly PlanKnot[]> | undefined;

  constructor(
    readonly plan: Plan,
    readonly hash: string,
  ) {
    this.indexes = new Map(plan.knots.map((knot, index) => [knot.id, index]));
  }

  static parse(text: string, hash: string): LoadedPlan {
    return new LoadedPlan(readPlan(text), hash);
  }

  /** Computed once. */
  get layout(): Layout {
    return (this.wholeLayout ??= layoutOf(this.plan));
  }

  knot(id: string): PlanKnot {
    return this.plan.knots[this.indexOf(id)]!;
  }

  has(id: string): boolean {
    return this.indexes.has(id);
  }

  indexOf(id: string): number {
    const index = this.indexes.get(id);
    if (index === undefined) {
      throw new SelvageError(
        'UnknownKnot',
        `Plan ${this.hash} of tapestry "${this.plan.tapestry}" has no knot "${id}".`,
        { details: { knot: id, plan: this.hash } },
      );
    }
    return index;
  }

  /** In plan order. */
  pathsOf(branch: PlanKnot): readonly PlanKnot[] {
    this.paths ??= pathsByBranch(this.plan);
    return this.paths.get(this.indexOf(branch.id)) ?? [];
  }

  /** For a map, the definition that runs for each element. */
  elementDefinitionOf(map: PlanKnot): Plan['definitions'][number] {
    return this.plan.definitions[map.each!]!;
  }

  /** Whether the knot, as a terminal, may lack a value although no failure counts. */
  mayHaveNoValue(id: string): boolean {
    this.absences ??= mayHaveNoValue(this.plan);
    return this.absences[this.indexes.get(id)!]!;
  }

  /** The name and version by which the registry finds the body; undefined for a parameter. */
  definitionOf(knot: PlanKnot): Plan['definitions'][number] | undefined {
    return knot.definition < 0 ? undefined : this.plan.definitions[knot.definition];
  }

  /**
   * Knot ids by terminal name: all, or the chosen ones and those from extensions. Among the chosen, a terminal's name
   * takes precedence over an equal knot id. A terminal chosen by id keeps the name that `build` gave it.
   */
  terminals(chosen?: readonly string[]): Record<string, string> {
    const named = this.plan.terminals.map(([name, knot]): [string, string] => [name, this.parentId(knot)]);
    if (!chosen) return Object.fromEntries(named);
    const byName = new Map(named.map((terminal) => [terminal[0], terminal]));
    const byId = new Map(named.map((terminal) => [terminal[1], terminal]));
    const { extended } = this.plan;
    return Object.fromEntries([
      ...chosen.map((wanted) => byName.get(wanted) ?? byId.get(wanted) ?? [wanted, wanted]),
      ...(extended ? named.slice(extended.terminals) : []),
    ]);
  }

  parentId(index: number): string {
    return this.plan.knots[index]!.id;
  }
}

function pathsByBranch({ knots }: Plan): ReadonlyMap<number, readonly PlanKnot[]> {
  const paths = new Map<number, PlanKnot[]>();
  for (const knot of knots) {
    const branch = knot.policy.path === undefined ? undefined : knot.inputs['branch'];
    if (!branch || !('parent' in branch)) continue;
    paths.set(branch.parent, [...(paths.get(branch.parent) ?? []), knot]);
  }
  return paths;
}
