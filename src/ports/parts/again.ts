import { backOff, type BackOff } from '../../values/back-off';
import { pause } from './pause';

/** How work is repeated. */
interface Repetition {
  readonly backOff: BackOff;
  /** Whether repeating cannot help; such an error is thrown. Default: never. */
  readonly isFinal?: (error: unknown) => boolean;
  /** Called before each wait. */
  readonly onFailure?: (error: unknown) => void;
  /** Once aborted, failed work is not repeated. */
  readonly signal?: AbortSignal;
  /** Waits; ends early if the signal is aborted. Default: by the process's clock. */
  readonly wait?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Repeats work until it succeeds. Returns undefined if it fails and the signal is aborted. */
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
