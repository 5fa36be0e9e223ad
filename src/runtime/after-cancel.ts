import { startTimer } from './timer';

export interface AfterCancel {
  /** Called when the signal is aborted; at once if it is already. */
  readonly cancelled?: (reason: unknown) => void;
  /** Called when the grace that begins then is over. */
  readonly over: () => void;
}

/**
 * Gives what runs a grace after a cancel.
 *
 * @param grace milliseconds
 * @returns what ends both: neither is called after it
 */
export function afterCancel(
  signal: AbortSignal | undefined,
  grace: number,
  { cancelled, over }: AfterCancel,
): () => void {
  let stopTimer = (): void => {};
  const onAbort = (): void => {
    cancelled?.(signal!.reason);
    stopTimer = startTimer(grace, over);
  };
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return () => {
    signal?.removeEventListener('abort', onAbort);
    stopTimer();
  };
}
