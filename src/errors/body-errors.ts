const TERMINAL = Symbol.for('selvage.terminal');
const RETRYABLE = Symbol.for('selvage.retryable');

function marked(error: unknown, mark: symbol): boolean {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[mark] === true;
}

/** Thrown by a body that knows that another attempt cannot help: the knot fails at once, whatever its `retry` says. */
export class Terminal extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Terminal';
    Object.defineProperty(this, TERMINAL, { value: true });
  }

  static is(error: unknown): error is Terminal {
    return marked(error, TERMINAL);
  }
}

/**
 * Thrown by a body that knows when another attempt can help. It counts as a throw like any other (`retry` says how many
 * there may be), but the next attempt comes after `after` instead of after the policy's back-off.
 */
export class Retryable extends Error {
  /** Milliseconds to wait before the next attempt. */
  readonly after: number;

  constructor(message: string, options: ErrorOptions & { after: number }) {
    super(message, options);
    this.name = 'Retryable';
    this.after = options.after;
    Object.defineProperty(this, RETRYABLE, { value: true });
  }

  static is(error: unknown): error is Retryable {
    return marked(error, RETRYABLE);
  }
}
