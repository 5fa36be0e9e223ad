import { hostname } from 'node:os';
import type { StepBack } from '../../ports';

type Listener = (step: StepBack, isFirst: boolean) => void;

/**
 * Tells that a database went back in time: a copy was restored, or a lagging replica took over. The adapter notices a
 * step back at a process's next commit after the loss of a commit that the process knows.
 */
export class StepBackWatch {
  /** The name of the process, for people. */
  readonly process = `${process.pid}@${hostname()}`;
  readonly #listeners = new Set<Listener>();

  /** @param find finds the time of the last commit that remains, and records the step back unless that is done */
  constructor(
    private readonly find: (
      step: Omit<StepBack, 'lost_after'>,
    ) => Promise<{ step: StepBack; isFirst: boolean }>,
  ) {}

  onStepBack(listener: Listener): void {
    this.#listeners.add(listener);
  }

  /**
   * Tells of a step back; `lostUntil` is the time of the last commit known to be lost. Returns false if recording
   * failed, so that the next commit must notice the step back again; the commit that noticed it has succeeded.
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
