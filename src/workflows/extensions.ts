import { ApplicationFailure, CancellationScope, sleep } from '@temporalio/workflow';
import type { Layout } from '../engine';
import type { CommandBudget } from './command-budget';
import type { ExtendRequest, KnotFailure } from './messages';
import type { PresentPlan } from './present-plan';
import type { RunFacts } from './run-facts';

/** A fragment by which the run is to be extended. */
export interface WantedExtension extends Pick<ExtendRequest, 'plan' | 'fragment' | 'by'> {
  readonly run: string;
}

export interface ExtendedLayout {
  readonly plan: string;
  readonly layout: Layout;
  /** What that has added to the history. */
  readonly bytes: number;
}

/**
 * Makes the plan that has what a fragment brings. Its layout begins with the present one.
 *
 * @throws TemporalFailure what is wrong with the fragment, or that it cannot be loaded
 */
export type MakeExtension = (wanted: WantedExtension, present: Layout) => Promise<ExtendedLayout>;

export interface ExtensionsListener {
  /** The run's plan is another one, whose knots from `first` on are new. */
  made(first: number): void;
  /** One has been made, or could not be: what it has held up goes on, unless another one is under way. */
  over(): void;
}

/**
 * The extensions of a run, from outside and by its bodies.
 *
 * E1  One extension is made at a time, each from the plan that the last one came to.
 * E2  While one is being made, the run neither ends nor continues as new; and what a body extends the run by is there before its knot
 *     is settled. So none is lost.
 */
export class Extensions {
  /** Those that are being made or wait for their turn, and the last of them. */
  private open = 0;
  private last: Promise<void> = Promise.resolve();

  /** @param refusedExtension the first one of a body that could not be made, of earlier executions */
  constructor(
    private readonly facts: RunFacts,
    private readonly plan: PresentPlan,
    private readonly make: MakeExtension,
    private readonly budget: CommandBudget,
    private readonly listener: ExtensionsListener,
    private refusedExtension?: KnotFailure,
  ) {}

  /** How many are being made or wait for their turn. */
  get underWay(): number {
    return this.open;
  }

  /** Why the run as a whole has failed, where a body's extension was on record and could not be made. */
  get refused(): KnotFailure | undefined {
    return this.refusedExtension;
  }

  /** What a body extends the run by. It is on record that its knot is Ok: so the run is what fails where this cannot be made. */
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

  /** @throws ApplicationFailure what is wrong with it, which leaves the run as it was */
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
    const { recordRun: run } = this.facts;
    const wanted = { plan: plan.hash, run, fragment, ...(by !== undefined && { by }) };
    const made = await this.make(wanted, plan.layout);
    const first = plan.layout.size;
    plan.become(made.plan, made.layout);
    this.listener.made(first);
    // The answers of local activities are commands of the task.
    if (!this.budget.take(made.bytes)) await CancellationScope.nonCancellable(() => sleep(1));
  }
}
