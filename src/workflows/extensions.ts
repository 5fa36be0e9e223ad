import { ApplicationFailure } from '@temporalio/common';
import type { Layout } from '../plan';
import type { CommandBudget } from './command-budget';
import type { ExtendRequest, KnotFailure } from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';

export interface WantedExtension extends Pick<ExtendRequest, 'plan' | 'fragment' | 'by'> {
  readonly temporalRunId: string;
}

export interface ExtendedLayout {
  readonly plan: string;
  readonly layout: Layout;
  /** Bytes that the extension added to the history. */
  readonly bytes: number;
}

/**
 * Makes the plan with a fragment. The layout of that plan begins with the current one. Throws a `TemporalFailure` if
 * the fragment is wrong or cannot be loaded.
 */
export type MakeExtension = (wanted: WantedExtension, present: Layout) => Promise<ExtendedLayout>;

export interface ExtensionsListener {
  /** The run has a new plan, with new knots from `first` on. */
  made(first: number): void;
  /** An extension has succeeded or failed: held work may continue, unless another is in progress. */
  over(): void;
}

/**
 * The extensions of a run, requested from outside and by its bodies.
 *
 * E1  Extensions are made one at a time, each from the plan of the last one.
 * E2  While an extension is being made, the run neither ends nor continues as new. A body's extension is complete
 *     before its knot is settled. No extension is therefore lost.
 */
export class Extensions {
  private open = 0;
  private last: Promise<void> = Promise.resolve();

  /** `refusedExtension`: the first extension by a body that failed in an earlier execution. */
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

  /** Why the run has failed: a body's extension was recorded but could not be made. */
  get refused(): KnotFailure | undefined {
    return this.refusedExtension;
  }

  /** The body's knot is already recorded as Ok, so if its extension fails, the run fails. */
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

  /** Throws an `ApplicationFailure` if the fragment is wrong; the run is then unchanged. */
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
