import { SelvageError } from '../errors';
import { readPlan, type Plan, type PlanKnot } from '../engine';

/** A plan as the hosts use it: with its hash, and knots found by id. */
export class LoadedPlan {
  private readonly indexes: ReadonlyMap<string, number>;

  constructor(
    readonly plan: Plan,
    readonly hash: string,
  ) {
    this.indexes = new Map(plan.knots.map((knot, index) => [knot.id, index]));
  }

  static parse(text: string, hash: string): LoadedPlan {
    return new LoadedPlan(readPlan(text), hash);
  }

  knot(id: string): PlanKnot {
    const index = this.indexes.get(id);
    if (index === undefined) {
      throw new SelvageError(
        'UnknownKnot',
        `Plan ${this.hash} of tapestry "${this.plan.tapestry}" has no knot "${id}".`,
        {
          details: { knot: id, plan: this.hash },
        },
      );
    }
    return this.plan.knots[index]!;
  }

  /** By name and version, as bodies are found in a registry; undefined for a parameter. */
  definitionOf(knot: PlanKnot): Plan['definitions'][number] | undefined {
    return knot.definition < 0 ? undefined : this.plan.definitions[knot.definition];
  }

  parentId(index: number): string {
    return this.plan.knots[index]!.id;
  }
}
