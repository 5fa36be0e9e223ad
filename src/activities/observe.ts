import type { Context } from '@temporalio/activity';

/** The facts that observers receive about one attempt of one knot. */
export interface KnotEvent {
  readonly runId: string;
  readonly temporalRunId: string;
  readonly knotId: string;
  readonly definition: string;
  readonly attempt: number;
}

export interface KnotCompletion extends KnotEvent {
  /** `failed`: the knot failed or will be retried; `error` tells which. */
  readonly outcome: 'ok' | 'failed' | 'cancelled';
  readonly error?: unknown;
  /** Milliseconds that the attempt took on this worker, including its commit. */
  readonly duration: number;
}

/**
 * Receives attempts as they start and end on this worker, including those that are retried. An observer may miss the
 * end of an attempt whose worker is lost: the run history is authoritative. Nothing waits for the observer; an error
 * that it throws is logged and never affects the run.
 */
export interface KnotObserver {
  readonly name: string;
  knotStarted?(event: KnotEvent): void | Promise<void>;
  knotEnded?(event: KnotCompletion): void | Promise<void>;
}

/** An activity's attempt is observed outside of all other interceptors; a body without an activity, around its call. */
export async function observedCall<T>(
  observers: readonly KnotObserver[],
  context: Context,
  event: KnotEvent,
  call: () => Promise<T>,
  isCancelled: (error: unknown) => boolean,
): Promise<T> {
  const since = performance.now();
  const ended = (end: Pick<KnotCompletion, 'outcome' | 'error'>): void => {
    const duration = Math.round(performance.now() - since);
    tell(observers, context, (observer) => observer.knotEnded?.({ ...event, ...end, duration }));
  };
  tell(observers, context, (observer) => observer.knotStarted?.(event));
  try {
    const result = await call();
    ended({ outcome: 'ok' });
    return result;
  } catch (error) {
    ended({ outcome: isCancelled(error) ? 'cancelled' : 'failed', error });
    throw error;
  }
}

function tell(
  observers: readonly KnotObserver[],
  context: Context,
  call: (observer: KnotObserver) => void | Promise<void>,
): void {
  for (const observer of observers) {
    const failed = (error: unknown): void => {
      context.log.warn(`Observer "${observer.name}" failed`, { observer: observer.name, error });
    };
    try {
      void Promise.resolve(call(observer)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
