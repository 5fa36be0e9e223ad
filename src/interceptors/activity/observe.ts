import { CancelledFailure, type Context } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { readKnotTask } from '../../activities/knot-attempt';

/** What observers hear of one attempt of one knot. */
export interface KnotEvent {
  readonly runId: string;
  readonly temporalRunId: string;
  readonly knotId: string;
  readonly knotClass: string;
  readonly attempt: number;
}

export interface KnotEnd extends KnotEvent {
  /** `failed`: the knot failed or will be tried again; `error` tells which. */
  readonly outcome: 'ok' | 'failed' | 'cancelled';
  readonly error?: unknown;
  /** Milliseconds that the attempt took on this worker, commit included. */
  readonly duration: number;
}

/**
 * Hears of attempts as they start and end on this worker. It sees each attempt, also those that are retried, and may miss
 * the end of one whose worker is lost: the run history is the truth, this is the news. It is not waited for, and what it
 * throws is logged and never touches the run.
 */
export interface KnotObserver {
  readonly name: string;
  knotStarted?(event: KnotEvent): void | Promise<void>;
  knotEnded?(event: KnotEnd): void | Promise<void>;
}

/** Tells the observers of every attempt. Outermost of our interceptors, so that it sees the verdicts of all others. */
export function createObserve(
  observers: readonly KnotObserver[],
): (context: Context) => ActivityInboundCallsInterceptor {
  return (context) => ({
    async execute(input, next) {
      const { info } = context;
      const task = observers.length > 0 ? readKnotTask(info, input.args[0]) : undefined;
      if (!task) return await next(input);
      const event: KnotEvent = {
        runId: task.runId,
        temporalRunId: task.recordRun,
        knotId: task.knot,
        knotClass: info.activityType,
        attempt: info.attempt,
      };
      const since = performance.now();
      tell(observers, context, (observer) => observer.knotStarted?.(event));
      try {
        const result = await next(input);
        tell(observers, context, (observer) =>
          observer.knotEnded?.({ ...event, outcome: 'ok', duration: Math.round(performance.now() - since) }),
        );
        return result;
      } catch (error) {
        const outcome = error instanceof CancelledFailure ? 'cancelled' : 'failed';
        tell(observers, context, (observer) =>
          observer.knotEnded?.({ ...event, outcome, error, duration: Math.round(performance.now() - since) }),
        );
        throw error;
      }
    },
  });
}

/** Does not wait, and logs what goes wrong. */
export function tell(
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
