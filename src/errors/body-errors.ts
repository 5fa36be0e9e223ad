import { isMarked } from './marked';

const TERMINAL = Symbol.for('selvage.terminal');
const RETRYABLE = Symbol.for('selvage.retryable');

/** The error that a body throws if a retry cannot help. The knot fails at once, whatever its `retry`. */
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
 * The error that a body throws if it knows when a retry can help. The error counts like any throw (`retry` limits
 * them), but the next attempt comes after `after`, not after the policy's back-off.
 */
export class Retryable extends Error {
  /** Wait before the next attempt: milliseconds, or a text such as `'30s'`. */
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
