import { EXIT } from './exit-codes';

type EndingSignal = 'SIGINT' | 'SIGTERM';

/** What a command that works until it is told to stop waits for. */
export interface EndOfWork {
  readonly asked: Promise<void>;
  stop(): void;
}

/**
 * The wish to end: Ctrl-C or SIGTERM. The first is heard of by whoever waits for it; the second ends the process at once.
 * Until {@link Interruption.stop}, no signal ends the process by itself.
 */
export class Interruption implements EndOfWork {
  private received: EndingSignal | undefined;
  private tell: () => void = () => {};
  /** Resolves at the first signal. */
  readonly asked = new Promise<void>((resolve) => (this.tell = resolve));

  constructor() {
    process.on('SIGINT', this.onSignal).on('SIGTERM', this.onSignal);
  }

  get isAsked(): boolean {
    return this.received !== undefined;
  }

  /** 130 after Ctrl-C, 143 after SIGTERM. */
  get exitCode(): number {
    return this.received === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
  }

  stop(): void {
    process.off('SIGINT', this.onSignal).off('SIGTERM', this.onSignal);
  }

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const isSecond = this.received !== undefined;
    this.received ??= signal as EndingSignal;
    // Claims on the embedded server are given back by its own handler of `exit`.
    if (isSecond) process.exit(this.exitCode);
    this.tell();
  };
}
