import { completeLayout, pathsOf, type Layout } from '../../engine';
import type { LoadedPlan } from '../../execution';
import type { ErrorPolicy, NodeKind, RetryPolicy } from '../../model/records';

/** Members of a segment as a layout of their own: the parents outside of it as parameters, then the members. */
export interface SegmentLayout {
  readonly layout: Layout;
  /** By index in `layout`: the knot. */
  readonly knots: readonly number[];
  /** By knot: its index in `layout`. */
  readonly indexOf: ReadonlyMap<number, number>;
  /** By member, in their order: whether a knot outside of the segment or a reader of terminals wants its value. */
  readonly wanted: readonly boolean[];
}

/** The tapestry that is simulated, in the form that thousands of runs of it can use at once. */
export class Subject {
  readonly layout: Layout;
  /** By knot. */
  readonly parentsOf: readonly (readonly number[])[];
  /** By knot. */
  readonly retries: readonly (RetryPolicy | undefined)[];
  private readonly segmentLayouts = new Map<string, SegmentLayout>();

  constructor(readonly plan: LoadedPlan) {
    const { layout } = plan;
    this.layout = layout;
    this.parentsOf = layout.ids.map((_, knot) => [
      ...layout.parents.subarray(layout.parentStart[knot], layout.parentStart[knot + 1]),
    ]);
    this.retries = plan.plan.knots.map(({ policy }) => policy.retry);
  }

  get size(): number {
    return this.layout.size;
  }

  idOf(knot: number): string {
    return this.layout.ids[knot]!;
  }

  isLocal(knot: number): boolean {
    return this.layout.policies[this.layout.policy[knot]!]!.local === true;
  }

  /** Whether its body runs whatever became of its parents. */
  receives(knot: number): boolean {
    return this.policyOf(knot) === 'receiveErrors';
  }

  policyOf(knot: number): ErrorPolicy | undefined {
    return this.layout.policies[this.layout.policy[knot]!]!.errorPolicy;
  }

  isOptional(knot: number): boolean {
    return this.layout.policies[this.layout.policy[knot]!]!.optional === true;
  }

  /** Of a path of a branch: its tag. */
  tagOf(knot: number): string | undefined {
    return this.layout.policies[this.layout.policy[knot]!]!.path;
  }

  nodeOf(knot: number): NodeKind | undefined {
    return this.layout.policies[this.layout.policy[knot]!]!.node;
  }

  /** Of a branch. */
  pathsOf(branch: number): readonly number[] {
    return pathsOf(this.layout, branch);
  }

  get hasLocalKnots(): boolean {
    return this.layout.ids.some((_, knot) => this.isLocal(knot));
  }

  /** These knots and all that depends on them. */
  withDescendants(knots: readonly number[]): ReadonlySet<number> {
    const found = new Set(knots);
    if (knots.length === 0) return found;
    // Parents come before children.
    this.parentsOf.forEach((parents, knot) => {
      if (parents.some((parent) => found.has(parent))) found.add(knot);
    });
    return found;
  }

  /** Made once for the same members. */
  segmentLayout(members: readonly number[]): SegmentLayout {
    const key = members.join();
    let made = this.segmentLayouts.get(key);
    if (!made) this.segmentLayouts.set(key, (made = this.makeSegmentLayout(members)));
    return made;
  }

  private makeSegmentLayout(members: readonly number[]): SegmentLayout {
    const isMember = new Set(members);
    const outside = new Set(
      members.flatMap((knot) => this.parentsOf[knot]!).filter((knot) => !isMember.has(knot)),
    );
    const knots = [...outside, ...members];
    const indexOf = new Map(knots.map((knot, index) => [knot, index]));
    const parentStart = new Uint32Array(knots.length + 1);
    const parents: number[] = [];
    knots.forEach((knot, index) => {
      if (isMember.has(knot)) parents.push(...this.parentsOf[knot]!.map((parent) => indexOf.get(parent)!));
      parentStart[index + 1] = parents.length;
    });
    const { childStart, children, terminals } = this.layout;
    const wanted = members.map(
      (knot) =>
        terminals.includes(knot) ||
        children.subarray(childStart[knot], childStart[knot + 1]).some((child) => !isMember.has(child)),
    );
    const layout = completeLayout({
      ids: knots.map((knot) => this.idOf(knot)),
      parameterCount: outside.size,
      parentStart,
      parents: Uint32Array.from(parents),
      definition: new Int32Array(knots.length),
      activityTypes: [],
      policy: Uint32Array.from(knots, (knot) => this.layout.policy[knot]!),
      policies: this.layout.policies,
      summaries: new Map(),
      terminals: Uint32Array.from(
        members.filter((_, position) => wanted[position]).map((knot) => indexOf.get(knot)!),
      ),
      failOn: 'never',
    });
    return { layout, knots, indexOf, wanted };
  }
}
