import { packHash } from '../values';
import type { Layout } from '../plan';

/** An extension replaces the plan by one whose layout begins with the last one. */
export class PresentPlan {
  private packedHash: string;

  constructor(
    private planHash: string,
    private planLayout: Layout,
  ) {
    this.packedHash = packHash(planHash);
  }

  get hash(): string {
    return this.planHash;
  }

  get packed(): string {
    return this.packedHash;
  }

  get layout(): Layout {
    return this.planLayout;
  }

  become(hash: string, layout: Layout): void {
    this.planHash = hash;
    this.packedHash = packHash(hash);
    this.planLayout = layout;
  }

  idOf(knot: number): string {
    return this.planLayout.ids[knot]!;
  }

  policyOf(knot: number): Layout['policies'][number] {
    return this.planLayout.policies[this.planLayout.policy[knot]!]!;
  }
}
