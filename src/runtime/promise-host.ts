import type { Command, KnotOutcome, Scheduler, SchedulerEvent, SkipReason } from '../scheduler';

/** The host's work for each knot. A promise that rejects ends the host. */
export interface PromisedWork<V> {
  /** If the promise resolves with undefined, the knot and everything downstream stay unsettled. */
  run(knot: number): Promise<KnotOutcome<V> | undefined>;
  /** Without this, skips need no work. `skip` begins its work before any other knot starts. */
  skip?(knot: number, reason: SkipReason): Promise<void>;
  /** Does the work for a knot that failed because of its parents, like `skip`. */
  fail?(knot: number): Promise<void>;
  /** Does the work for a path that was chosen, like `skip`. */
  pass?(knot: number): Promise<void>;
}

/** Binds the scheduler to promises: commands start promises, and their ends become events. */
export class PromiseHost<V> {
  private started = false;
  private active = 0;
  private resolveEnd!: () => void;
  private rejectEnd!: (error: unknown) => void;
  readonly ended: Promise<void>;

  constructor(
    private readonly scheduler: Scheduler<V>,
    private readonly work: PromisedWork<V>,
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.resolveEnd = resolve;
      this.rejectEnd = reject;
    });
    // The caller awaits this promise, which may reject before that.
    this.ended.catch(() => undefined);
  }

  /** Resolves when nothing is running and nothing more can start. */
  async run(parameters: readonly V[]): Promise<void> {
    this.started = true;
    this.apply({ type: 'start', parameters });
    await this.ended;
  }

  apply(event: SchedulerEvent<V>): void {
    this.carryOut(this.scheduler.apply(event));
    if (this.started && this.active === 0) this.resolveEnd();
  }

  private carryOut(commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.type === 'run') {
        for (const knot of command.knots) {
          this.active += 1;
          this.work.run(knot).then((outcome) => this.settle(knot, outcome), this.rejectEnd);
        }
      } else if (command.type === 'skip' && this.work.skip) {
        for (const knot of command.knots) this.settleUnrun(this.work.skip(knot, command.reason));
      } else if (command.type === 'fail' && this.work.fail) {
        for (const knot of command.knots) this.settleUnrun(this.work.fail(knot));
      } else if (command.type === 'pass' && this.work.pass) {
        for (const knot of command.knots) this.settleUnrun(this.work.pass(knot));
      }
    }
  }

  private settleUnrun(work: Promise<void>): void {
    this.active += 1;
    work.then(() => this.rest(), this.rejectEnd);
  }

  private settle(knot: number, outcome: KnotOutcome<V> | undefined): void {
    this.active -= 1;
    try {
      if (outcome) this.apply({ type: 'settled', knot, outcome });
      else if (this.active === 0) this.resolveEnd();
    } catch (error) {
      this.rejectEnd(error);
    }
  }

  private rest(): void {
    this.active -= 1;
    if (this.active === 0) this.resolveEnd();
  }
}
