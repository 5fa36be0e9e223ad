import { SelvageError } from '../../errors';
import { again } from '../../ports/parts/again';
import { Troubles } from '../../ports/parts/troubles';
import type { TriggerHost } from '../../triggers';
import type { BackOff } from '../../values/back-off';

const BACK_OFF: BackOff = { base: 250, max: 15_000, jitter: 0.5 };

/** Repeats failing work until it succeeds or the trigger stops, and reports troubles to the host. */
export class Retrier {
  readonly #troubles: Troubles<SelvageError>;

  constructor(private readonly host: Pick<TriggerHost, 'trouble' | 'signal'>) {
    this.#troubles = new Troubles((trouble) => host.trouble(trouble));
  }

  /**
   * Returns undefined if the trigger stopped before the work succeeded. Throws errors for which `isFinal` is true.
   *
   * @param what names the work among all that runs at the same time
   */
  async retry<T>(
    what: string,
    work: () => Promise<T>,
    isFinal: (error: unknown) => boolean = () => false,
  ): Promise<T | undefined> {
    const { signal } = this.host;
    const tried = async (): Promise<T> => {
      const result = await work();
      this.#troubles.set(what, undefined);
      return result;
    };
    const onFailure = (error: unknown): void => this.#troubles.set(what, asOwn(error));
    return await again(tried, { backOff: BACK_OFF, isFinal, onFailure, signal });
  }
}

function asOwn(error: unknown): SelvageError {
  if (SelvageError.is(error)) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new SelvageError('BackendUnavailable', `It failed for a reason that is not known: ${why}.`, {
    cause: error,
  });
}
