import { startTimer } from './timer';

export interface AfterCancel {
  /** Calls back when the signal is aborted; at once if it already is. */
  readonly cancelled?: (reason: unknown) => void;
  readonly over: () => void;
}

/** Starts a grace, in milliseconds, when the signal is aborted. Returns a function that stops both callbacks. */
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
