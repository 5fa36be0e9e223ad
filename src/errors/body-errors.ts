import { isMarked } from './marked';

const TERMINAL = Symbol.for('selvage.terminal');
const RETRYABLE = Symbol.for('selvage.retryable');

/** Thrown by a body that knows that a retry cannot help. The knot fails at once, whatever its `retry` says. */
export class Terminal extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Terminal';
    Object.defineProperty(this, TERMINAL, { value: true });
  }

  static is(error: unknown): error is Terminal {
    return isMarked(error, TERMINAL);
  }
}

/**
 * Thrown by a body that knows when a retry can help. It counts as any other throw (`retry` limits how many there may
 * be), but the next attempt comes after `after` instead of the policy's back-off.
 */
export class Retryable extends Error {
  /** The wait before the next attempt: milliseconds, or a text such as `'30s'`. */
  readonly after: number | string;

  constructor(message: string, options: ErrorOptions & { after: number | string }) {
    super(message, options);
    this.name = 'Retryable';
    this.after = options.after;
    Object.defineProperty(this, RETRYABLE, { value: true });
  }

  static is(error: unknown): error is Retryable {
    return isMarked(error, RETRYABLE);
  }
}
