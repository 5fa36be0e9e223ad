import { SelvageError } from '../errors';
import { startTimer } from './timer';

export interface Supervision {
  readonly knotId: string;
  /** Aborted from outside: a cancel or a shutdown. */
  readonly cancel: AbortSignal | undefined;
  /** Milliseconds that the body may go on after `cancel`. */
  readonly cancelGrace: number;
  /** Milliseconds that the body may take in all; undefined: no limit. */
  readonly timeout: number | undefined;
}

/** A body did not end within its grace after a cancel. */
export class GraceOver extends Error {}

/**
 * Runs a body under its timeout and cancel: at either its signal is aborted; after a timeout it is given up at once, after
 * a cancel when its grace is over. A body that is given up may still be running: what it does then counts for nothing.
 *
 * @throws SelvageError `BodyTimeout`; {@link GraceOver}; or whatever the body throws
 */
export async function superviseBody<T>(
  body: (signal: AbortSignal) => Promise<T>,
  supervision: Supervision,
): Promise<T> {
  const { knotId, cancel, cancelGrace, timeout } = supervision;
  const controller = new AbortController();
  const stopTimers: (() => void)[] = [];
  let onCancel: (() => void) | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    if (timeout !== undefined) {
      stopTimers.push(
        startTimer(timeout, () => {
          const error = new SelvageError(
            'BodyTimeout',
            `Knot "${knotId}" did not end within its timeout of ${timeout} ms. Raise \`timeout\`, make the body faster, or let it heed \`ctx.signal\`.`,
            { details: { knot: knotId, timeout } },
          );
          controller.abort(error);
          reject(error);
        }),
      );
    }
    onCancel = () => {
      controller.abort(cancel!.reason);
      stopTimers.push(
        startTimer(cancelGrace, () => reject(new GraceOver(`Knot "${knotId}" went on after its grace`))),
      );
    };
    if (cancel?.aborted) onCancel();
    else cancel?.addEventListener('abort', onCancel, { once: true });
  });
  try {
    return await Promise.race([body(controller.signal), givenUp]);
  } finally {
    for (const stop of stopTimers) stop();
    if (onCancel) cancel?.removeEventListener('abort', onCancel);
  }
}
