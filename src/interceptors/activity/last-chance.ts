import { setTimeout as delay } from 'node:timers/promises';
import type { KnotAttempt } from '../../activities/knot-attempt';
import { LOST_WORKERS } from '../../engine';
import { SelvageError } from '../../errors';

/** Time for the refusals of others to reach the server before this body may take the worker down. */
const QUIET_MS = 1_000;

/**
 * The last attempt of a knot before it is given up as the killer of its workers. Whatever ran beside a killer was lost as
 * often as it was: so those that have one chance left run one at a time in a worker, and the innocent among them end.
 */
export class LastChances {
  private holder: string | undefined;

  /**
   * Returns when the body may run, and what to call when it has ended.
   *
   * @throws SelvageError `RunsAlone`, a refusal, while another knot has its last chance in this worker
   */
  async enter(attempt: KnotAttempt): Promise<() => void> {
    if (attempt.lost < LOST_WORKERS - 1) return () => {};
    const { knot } = attempt.task;
    if (this.holder !== undefined) {
      throw new SelvageError(
        'RunsAlone',
        `Knot "${knot}" waits for knot "${this.holder}" to end: two workers were lost while each of them ran, so they are tried one by one.`,
        { details: { knot, holder: this.holder } },
      );
    }
    this.holder = knot;
    await delay(QUIET_MS);
    return () => {
      this.holder = undefined;
    };
  }
}
