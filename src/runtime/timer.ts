/** Node's timers fire at once if asked to wait longer than this (24.8 days). */
const LONGEST_MS = 2 ** 31 - 1;

/** Starts a timer of any number of milliseconds. Returns a function that stops the timer. */
export function startTimer(ms: number, callback: () => void): () => void {
  let left = ms;
  let timer = setTimeout(next, Math.min(left, LONGEST_MS));
  function next(): void {
    left -= LONGEST_MS;
    if (left <= 0) callback();
    else timer = setTimeout(next, Math.min(left, LONGEST_MS));
  }
  return () => clearTimeout(timer);
}

/** Resolves after `ms` milliseconds, or as soon as the signal is aborted. */
export async function waitUnlessStopped(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const stop = startTimer(ms, done);
    function done(): void {
      stop();
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done, { once: true });
  });
}
