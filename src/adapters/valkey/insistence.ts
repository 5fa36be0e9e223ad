import { SelvageError } from '../../errors';
import { pause } from '../../ports/parts/pause';
import type { TriggerHost } from '../../triggers';

const FIRST_MS = 250;
const LONGEST_MS = 15_000;

/**
 * Repeats failing work until it succeeds or the trigger stops, and reports to the host what prevents
 * deliveries.
 */
export class Insistence {
  /** Current errors, by name of the work. */
  readonly #troubles = new Map<string, SelvageError>();
  #told: SelvageError | undefined;

  constructor(private readonly host: Pick<TriggerHost, 'trouble' | 'signal'>) {}

  /**
   * Returns the work's result; undefined if the trigger was told to stop before it succeeded.
   *
   * @param what names the work, among all that runs at the same time
   * @param isFinal whether repeating cannot help; such an error is thrown
   */
  async on<T>(
    what: string,
    work: () => Promise<T>,
    isFinal: (error: unknown) => boolean = () => false,
  ): Promise<T | undefined> {
    for (let failures = 0; ; failures++) {
      try {
        const result = await work();
        this.#note(what, undefined);
        return result;
      } catch (error) {
        if (isFinal(error)) throw error;
        this.#note(what, asOwn(error));
        if (!this.host.signal.aborted) await this.rest(failures);
        if (!this.host.signal.aborted) continue;
        this.#troubles.delete(what);
        return undefined;
      }
    }
  }

  /** Waits, longer after each failure, or until the trigger is told to stop. */
  async rest(failures: number): Promise<void> {
    const longest = Math.min(FIRST_MS * 2 ** Math.min(failures, 10), LONGEST_MS);
    await pause(longest * (0.5 + Math.random() / 2), this.host.signal);
  }

  #note(what: string, error: SelvageError | undefined): void {
    if (error) this.#troubles.set(what, error);
    else if (!this.#troubles.delete(what)) return;
    const [trouble] = this.#troubles.values();
    if (trouble?.code === this.#told?.code) return;
    this.#told = trouble;
    this.host.trouble(trouble);
  }
}

function asOwn(error: unknown): SelvageError {
  if (SelvageError.is(error)) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new SelvageError('BackendUnavailable', `It failed for a reason that is not known: ${why}.`, {
    cause: error,
  });
}
