import { SelvageError } from '../errors';
import { afterCancel } from './after-cancel';
import { startTimer } from './timer';

export interface Supervision {
  readonly knotId: string;
  readonly cancel: AbortSignal | undefined;
  /** Milliseconds that the body may continue after `cancel`. */
  readonly cancelGrace: number;
  /** Milliseconds; undefined for no limit. */
  readonly timeout: number | undefined;
  /** The timeout counts from when the body says that it has begun. By default, the timeout counts from the call. */
  readonly beginsLate?: boolean;
}

export class GraceOver extends Error {}

/**
 * Runs a body under its timeout and cancel, either of which aborts its signal. The body is abandoned at once after a
 * timeout, and after its grace on a cancel. An abandoned body may still run, but its effects are ignored.
 *
 * @param body receives a maker of its signal, which is expensive and seldom needed, and a callback for its begin
 * @throws SelvageError `BodyTimeout`; {@link GraceOver}; or the body's own error
 */
export function superviseBody<T>(
  body: (signal: () => AbortSignal, begins: () => void) => Promise<T>,
  supervision: Supervision,
): Promise<T> {
  const { knotId, cancel, cancelGrace, timeout, beginsLate = false } = supervision;
  let controller: AbortController | undefined;
  let stopped: { readonly reason: unknown } | undefined;
  const abort = (reason: unknown): void => {
    stopped ??= { reason };
    controller?.abort(reason);
  };
  const signal = (): AbortSignal => {
    if (!controller) {
      controller = new AbortController();
      if (stopped) controller.abort(stopped.reason);
    }
    return controller.signal;
  };
  return new Promise((resolve, reject) => {
    const stops: (() => void)[] = [];
    let isOver = false;
    const leave = (): void => {
      isOver = true;
      for (const stop of stops) stop();
    };
    const giveUp = (error: Error): void => {
      leave();
      reject(error);
    };
    const begins = (): void => {
      if (timeout === undefined || isOver) return;
      stops.push(
        startTimer(timeout, () => {
          const error = new SelvageError(
            'BodyTimeout',
            `Knot "${knotId}" did not end within its timeout of ${timeout} ms. Raise \`timeout\`, make the body faster, or let it heed \`ctx.signal\`.`,
            { details: { knot: knotId, timeout } },
          );
          abort(error);
          giveUp(error);
        }),
      );
    };
    if (!beginsLate) begins();
    stops.push(
      afterCancel(cancel, cancelGrace, {
        cancelled: abort,
        over: () => giveUp(new GraceOver(`Knot "${knotId}" went on after its grace`)),
      }),
    );
    const done = (value: T): void => {
      leave();
      resolve(value);
    };
    try {
      body(signal, begins).then(done, giveUp);
    } catch (error) {
      giveUp(error as Error);
    }
  });
}
