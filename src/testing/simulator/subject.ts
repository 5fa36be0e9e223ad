import { nodeSha256 } from '../../adapters/shared/node-sha256';
import {
  completeLayout,
  extend,
  isNesting,
  pathsOf,
  type Layout,
  type PlanKnot,
  type PlanMap,
} from '../../engine';
import { LoadedPlan, planOf, type StoredFragment } from '../../execution';
import type { ErrorPolicy, NodeKind, RetryPolicy, TapestryRecord } from '../../model/records';
import { isElement, knotOfUnit, positionOf } from './units';

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
  private readonly segmentLayouts = new Map<string, SegmentLayout>();
  private readonly nested = new Map<string, Subject>();
  /** By hash of the fragment. */
  private readonly extended = new Map<string, Subject>();

  private constructor(
    readonly tapestry: TapestryRecord,
    readonly plan: LoadedPlan,
  ) {
    const { layout } = plan;
    this.layout = layout;
    this.parentsOf = layout.ids.map((_, knot) => [
      ...layout.parents.subarray(layout.parentStart[knot], layout.parentStart[knot + 1]),
    ]);
  }

  static of(tapestry: TapestryRecord): Subject {
    return new Subject(tapestry, planOf(tapestry, nodeSha256).loaded);
  }

  /** The tapestry that a knot runs, made once. */
  nestedOf(knot: number): Subject {
    const id = this.idOf(knot);
    let nested = this.nested.get(id);
    if (!nested) this.nested.set(id, (nested = Subject.of(this.tapestry.knots.get(id)!.nested!)));
    return nested;
  }

  /** With more knots behind those that are there, made once. @throws SelvageError those of `extend` */
  extendedBy({ fragment, hash }: StoredFragment): Subject {
    let extended = this.extended.get(hash);
    if (!extended) {
      const made = extend(this.plan.plan, fragment, { hash, sha256: nodeSha256 });
      extended = new Subject(this.tapestry, new LoadedPlan(made.plan, made.hash));
      this.extended.set(hash, extended);
    }
    return extended;
  }

  get size(): number {
    return this.layout.size;
  }

  idOf(knot: number): string {
    return this.layout.ids[knot]!;
  }

  /** Of a knot its id, of an element its map's with the position; as schedules name them. */
  nameOf(unit: number): string {
    const id = this.idOf(knotOfUnit(unit));
    return isElement(unit) ? `${id}[${positionOf(unit)}]` : id;
  }

  /** Whether a run may come to have a knot or an element of this name, in a run that a knot runs too. */
  mayHave(name: string): boolean {
    const [, id = name, below] = /^([^#[]+)#\d+\/(.+)$/.exec(name) ?? [];
    const [, map] = /^([^#[]+)\[\d+\]$/.exec(name) ?? [];
    const knot = this.layout.ids.indexOf(map ?? id);
    if (knot < 0) return below === undefined && map === undefined && this.plan.plan.extensible !== undefined;
    if (below !== undefined) return isNesting(this.nodeOf(knot)) && this.nestedOf(knot).mayHave(below);
    return map === undefined || this.mapOf(knot) !== undefined;
  }

  planKnot(knot: number): PlanKnot {
    return this.plan.plan.knots[knot]!;
  }

  /** Of a knot or an element. */
  retryOf(unit: number): RetryPolicy | undefined {
    const { retry, map, node } = this.planKnot(knotOfUnit(unit)).policy;
    if (isElement(unit)) return retry;
    // What makes its outcome of others is not tried again.
    return map || node === 'subTapestry' ? undefined : retry;
  }

  /** Of a map: how its elements go. */
  mapOf(unit: number): PlanMap | undefined {
    return this.planKnot(knotOfUnit(unit)).policy.map;
  }

  waits(knot: number): boolean {
    return this.planKnot(knot).policy.wait !== undefined;
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
    return this.layout.ids.some(
      (_, knot) => this.isLocal(knot) || (isNesting(this.nodeOf(knot)) && this.nestedOf(knot).hasLocalKnots),
    );
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
