import { startTimer } from './timer';

export interface AfterCancel {
  /** At once if the signal is already aborted. */
  readonly cancelled?: (reason: unknown) => void;
  readonly over: () => void;
}

/** Starts a grace, in milliseconds, when the signal is aborted. The returned function stops both callbacks. */
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
