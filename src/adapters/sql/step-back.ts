import { hostname } from 'node:os';
import type { StepBack } from '../../ports';

type Listener = (step: StepBack, isFirst: boolean) => void;

/**
 * Tells that a database went back in time: a copy was restored, or a lagging replica took over. How a commit notices it is up to the adapter; the
 * loss of anything that a process knows as committed is noticed at its next commit.
 */
export class StepBackWatch {
  /** The process, for people. */
  readonly process = `${process.pid}@${hostname()}`;
  readonly #listeners = new Set<Listener>();

  /**
   * @param find finds out after when records are lost, and records the step back unless somebody already has
   */
  constructor(
    private readonly find: (
      step: Omit<StepBack, 'lost_after'>,
    ) => Promise<{ step: StepBack; isFirst: boolean }>,
  ) {}

  onStepBack(listener: Listener): void {
    this.#listeners.add(listener);
  }

  /**
   * @param lostUntil when the last commit was done that is known to be lost
   *
   * @returns false if it could not be recorded, so that the next commit has to notice it again; the commit that noticed it has succeeded
   */
  async tell(noticedAt: number, lostUntil: number): Promise<boolean> {
    try {
      const { step, isFirst } = await this.find({
        noticed_at: noticedAt,
        lost_until: lostUntil,
        noticed_by: this.process,
      });
      for (const listener of this.#listeners) listener(step, isFirst);
      return true;
    } catch {
      return false;
    }
  }
}
