import { ApplicationFailure } from '@temporalio/common';
import type { Layout } from '../plan';
import type { CommandBudget } from './command-budget';
import type { ExtendRequest, KnotFailure } from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';

/** A fragment that is to extend the run. */
export interface WantedExtension extends Pick<ExtendRequest, 'plan' | 'fragment' | 'by'> {
  readonly temporalRunId: string;
}

export interface ExtendedLayout {
  readonly plan: string;
  readonly layout: Layout;
  /** Bytes that this added to the history. */
  readonly bytes: number;
}

/**
 * Makes the plan that includes a fragment. Its layout begins with the current one.
 *
 * @throws TemporalFailure what is wrong with the fragment, or that it cannot be loaded
 */
export type MakeExtension = (wanted: WantedExtension, present: Layout) => Promise<ExtendedLayout>;

export interface ExtensionsListener {
  /** The run has a new plan, whose knots from `first` on are new. */
  made(first: number): void;
  /** One extension has succeeded or failed: what it held up may continue, unless another is in progress. */
  over(): void;
}

/**
 * The extensions of a run, requested from outside and by its bodies.
 *
 * E1  Extensions are made one at a time, each from the plan that the last one resulted in.
 * E2  While one is being made, the run neither ends nor continues as new; and a body's extension is complete before its
 *     knot is settled. So none is lost.
 */
export class Extensions {
  /** Number of extensions in progress or queued, and the last of them. */
  private open = 0;
  private last: Promise<void> = Promise.resolve();

  /** @param refusedExtension the first extension by a body that failed, in earlier executions */
  constructor(
    private readonly facts: RunFacts,
    private readonly plan: PresentPlan,
    private readonly make: MakeExtension,
    private readonly budget: CommandBudget,
    private readonly listener: ExtensionsListener,
    private refusedExtension?: KnotFailure,
  ) {}

  /** Number of extensions in progress or queued. */
  get underWay(): number {
    return this.open;
  }

  /** Why the run as a whole has failed: a body's extension was recorded but could not be made. */
  get refused(): KnotFailure | undefined {
    return this.refusedExtension;
  }

  /** Applies a body's extension. It is already recorded that the knot is Ok, so if this fails, the run fails. */
  async extendBy(knot: number, fragment: string): Promise<void> {
    const by = this.plan.idOf(knot);
    try {
      await this.extend(fragment, by);
    } catch (error) {
      if (!(error instanceof ApplicationFailure)) throw error;
      this.refusedExtension ??= {
        knot: by,
        type: error.type ?? 'Error',
        message: `What knot "${by}" has extended the run by could not be added: ${error.message}`,
      };
    }
  }

  /** @throws ApplicationFailure what is wrong with it; the run stays as it was */
  async extend(fragment: string, by?: string): Promise<void> {
    this.open += 1;
    const turn = this.last.then(() => this.extendNow(fragment, by));
    this.last = turn.catch(() => undefined);
    try {
      await turn;
    } finally {
      this.open -= 1;
      this.listener.over();
    }
  }

  private async extendNow(fragment: string, by: string | undefined): Promise<void> {
    const { plan } = this;
    const { temporalRunId, world } = this.facts;
    const wanted = { plan: plan.hash, temporalRunId, fragment, ...(by !== undefined && { by }) };
    const made = await this.make(wanted, plan.layout);
    const first = plan.layout.size;
    plan.become(made.plan, made.layout);
    this.listener.made(first);
    // Results of local activities are commands of the task.
    if (!this.budget.take(made.bytes)) await world.shielded(() => world.sleep(1));
  }
}
