import { packHash } from '../canonical';
import type { Layout } from '../engine';

/** The plan of a run as it is now. An extension brings another one, whose layout begins with that of the last. */
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

  /** The hash as tasks carry it. */
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
