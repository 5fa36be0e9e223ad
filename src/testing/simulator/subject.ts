import {
  encodeLayout,
  extend,
  isExpanding,
  isNesting,
  nestedPlan,
  type Layout,
  type LayoutPolicy,
  type Plan,
  type PlanKnot,
} from '../../plan';
import { LoadedPlan, alignLayout, planOf, type RunLayout, type StoredFragment } from '../../runtime';
import type { TapestryRecord } from '../../authoring/records';
import { nodeSha256 } from '../../node/node-sha256';
import { runLimits } from '../../workflows/run-limits';

export const LIMITS = runLimits({ settledPerExecution: 1 });

/** The simulated tapestry, in a form that thousands of runs share. */
export class Subject {
  readonly layout: Layout;
  /** Whether a map may iterate over the knot's values: its own map, or a map of a run above or below it. */
  readonly mayGoOver: boolean;
  readonly waitsForSignals: boolean;
  private readonly nested = new Map<string, Subject>();
  private encoded: readonly string[] | undefined;
  private beside: RunLayout | undefined;
  /** Extended subjects by hash of the fragment. */
  private readonly extended = new Map<string, Subject>();

  private constructor(
    readonly tapestry: TapestryRecord,
    readonly plan: LoadedPlan,
    private readonly isReplaced: (id: string) => boolean,
    private readonly isNested: boolean,
  ) {
    const { layout } = plan;
    this.layout = layout;
    this.waitsForSignals = layout.policies.some(({ wait }) => wait?.signal !== undefined);
    this.mayGoOver = isNested || layout.policies.some((policy) => isExpanding(policy));
  }

  /** @param isReplaced whether another body replaces a node's work: its wait, or its nested run */
  static of(
    tapestry: TapestryRecord,
    isReplaced: (id: string) => boolean = () => false,
    isNested = false,
  ): Subject {
    const { loaded } = planOf(tapestry, nodeSha256);
    return new Subject(tapestry, simulated(loaded, isReplaced), isReplaced, isNested);
  }

  nestedOf(id: string): Subject {
    let nested = this.nested.get(id);
    if (!nested) this.nested.set(id, (nested = Subject.of(this.tapestry.knots.get(id)!.nested!)));
    return nested;
  }

  /** A subject with the fragment's knots appended, which is cached. @throws SelvageError as `extend` */
  extendedBy({ fragment, hash }: Pick<StoredFragment, 'fragment' | 'hash'>): Subject {
    let extended = this.extended.get(hash);
    if (!extended) {
      const made = extend(this.plan.plan, fragment, { hash, sha256: nodeSha256 });
      const plan = simulated(new LoadedPlan(made.plan, made.hash), this.isReplaced);
      extended = new Subject(this.tapestry, plan, this.isReplaced, this.isNested);
      this.extended.set(hash, extended);
    }
    return extended;
  }

  /** The layout as workers send it to workflows. */
  get slices(): readonly string[] {
    return (this.encoded ??= encodeLayout(this.layout));
  }

  /** The layout beside the plan's knots, as workers use it. */
  get aligned(): RunLayout {
    return (this.beside ??= alignLayout(this.layout, this.plan.plan));
  }

  idOf(knot: number): string {
    return this.layout.ids[knot]!;
  }

  /** Whether a run, or a run of its knots, may have a knot or an element of this name. */
  mayHave(name: string): boolean {
    const [, id = name, below] = /^([^#[]+)#\d+\/(.+)$/.exec(name) ?? [];
    const [, map] = /^([^#[]+)\[.+\]$/.exec(name) ?? [];
    const knot = this.layout.ids.indexOf(map ?? id);
    if (knot < 0) return below === undefined && map === undefined && this.plan.plan.extensible !== undefined;
    const { node } = this.policyOf(knot);
    if (below !== undefined) return isNesting(node) && this.nestedOf(id).mayHave(below);
    return map === undefined || node === 'map';
  }

  policyOf(knot: number): LayoutPolicy {
    return this.layout.policies[this.layout.policy[knot]!]!;
  }

  get hasLocalKnots(): boolean {
    return this.layout.ids.some(
      (id, knot) =>
        this.policyOf(knot).local === true ||
        (isNesting(this.policyOf(knot).node) && this.nestedOf(id).hasLocalKnots),
    );
  }
}

/** Drops the timeouts of knots, which apply to the bodies' own work at their call. */
function simulated(loaded: LoadedPlan, isReplaced: (id: string) => boolean): LoadedPlan {
  const { plan } = loaded;
  if (!plan.knots.some((knot) => knot.policy.timeout !== undefined || isReplaced(knot.id))) return loaded;
  const knots = plan.knots.map((knot): PlanKnot => {
    const { timeout: _, ...policy } = knot.policy;
    return isReplaced(knot.id) ? replaced({ ...knot, policy }) : { ...knot, policy };
  });
  return new LoadedPlan({ ...plan, knots } satisfies Plan, loaded.hash);
}

/** A plain knot with all inputs of the node, whose outcome is the result of its replacement. */
function replaced(knot: PlanKnot): PlanKnot {
  const { node, wait, ...policy } = knot.policy;
  if (isNesting(node)) return { ...knot, inputs: nestedPlan(knot)!.parameters, policy };
  return wait ? { ...knot, policy: node === 'waitForSignal' ? policy : { ...policy, node: node! } } : knot;
}
