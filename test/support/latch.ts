/** A one-time event to wait for, such as the beginning of a body or a permission to go on. */
export class Latch<T = void> {
  readonly passed: Promise<T>;
  private resolve!: (value: T) => void;

  constructor() {
    this.passed = new Promise((resolve) => (this.resolve = resolve));
  }

  open(value: T): void {
    this.resolve(value);
  }
}

/** Rejects when the signal is aborted, for bodies that obey their signal. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(new Error('The body heeded its signal'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}
