import type { KnotFailure } from './messages';
import type { PresentPlan } from './present-plan';

const LISTED_FAILURES = 20;

/** The first failures of a run, always with the first that counts against it. */
export class FailureList {
  private readonly listed: KnotFailure[];
  /** Whether any failure so far belongs to a knot that is not optional. */
  private isOneCounted: boolean;

  constructor(
    private readonly plan: PresentPlan,
    earlier: readonly KnotFailure[] = [],
  ) {
    this.listed = [...earlier];
    const failed = new Set(earlier.map(({ knot }) => knot));
    this.isOneCounted = plan.layout.ids.some((id, knot) => failed.has(id) && this.counts(knot));
  }

  get all(): readonly KnotFailure[] {
    return this.listed;
  }

  get firstCounted(): KnotFailure | undefined {
    const { ids } = this.plan.layout;
    return this.listed.find(({ knot }) => this.counts(ids.indexOf(knot)));
  }

  note(knot: number, failure: KnotFailure): void {
    const counts = this.counts(knot);
    if (this.listed.length < LISTED_FAILURES) this.listed.push(failure);
    else if (counts && !this.isOneCounted) this.listed[LISTED_FAILURES - 1] = failure;
    this.isOneCounted ||= counts;
  }

  private counts(knot: number): boolean {
    return this.plan.policyOf(knot).optional !== true;
  }
}
