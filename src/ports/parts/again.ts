import { backOff, type BackOff } from '../../values/back-off';
import { pause } from './pause';

/** The way in which work is repeated. */
interface Repetition {
  readonly backOff: BackOff;
  /** Whether repeating cannot help, so that the error is thrown. Default: never. */
  readonly isFinal?: (error: unknown) => boolean;
  /** A callback before each wait. */
  readonly onFailure?: (error: unknown) => void;
  /** A signal; once it is aborted, failed work is not repeated. */
  readonly signal?: AbortSignal;
  /** Waits, by the process's clock if omitted; ends early if the signal is aborted. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Repeats work until it succeeds. Returns undefined if the work fails and the signal is aborted. */
export function again<T>(work: () => Promise<T>, how: Repetition & { readonly signal?: never }): Promise<T>;
export function again<T>(work: () => Promise<T>, how: Repetition): Promise<T | undefined>;
export async function again<T>(work: () => Promise<T>, how: Repetition): Promise<T | undefined> {
  const { isFinal, onFailure, signal, wait = pause } = how;
  for (let failures = 0; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (isFinal?.(error)) throw error;
      onFailure?.(error);
      if (!signal?.aborted) await wait(backOff(how.backOff, failures, Math.random()), signal);
      if (signal?.aborted) return undefined;
    }
  }
}
