import { endProcess } from './early-end';
import { EXIT } from './exit-codes';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type EndingSignal = (typeof ENDING_SIGNALS)[number];

/** What a command that works until it is told to stop waits for. */
export abstract class EndOfWork {
  /** Resolves when it is told. */
  abstract readonly asked: Promise<void>;
  /** Of a command that was told before it had done anything. */
  abstract readonly exitCode: number;
  abstract stop(): void;

  /** What the work comes to; undefined if the wish to end comes first. Then nobody hears what becomes of the work. */
  async orAsked<T extends object>(work: Promise<T>): Promise<T | undefined> {
    return await Promise.race([work, this.asked.then(() => undefined)]);
  }
}

/** 130 after Ctrl-C, 143 after SIGTERM. */
function exitCodeOf(signal: EndingSignal): number {
  return signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
}

/** How many {@link Interruption} there are, each of which answers signals itself. */
let waiting = 0;

/**
 * Lets a signal end a command that leaves nothing unfinished: at once, with its exit code and one line instead of a stack. Claims
 * on the embedded server are given back by their own handler of `exit`. While there is an {@link Interruption}, that is asked.
 */
export function endOnSignal(tell: () => void): void {
  for (const signal of ENDING_SIGNALS) {
    process.on(signal, () => {
      if (waiting > 0) return;
      tell();
      endProcess(exitCodeOf(signal));
    });
  }
}

/**
 * The wish to end: Ctrl-C or SIGTERM. The first is heard of by whoever waits for it; the second ends the process at once.
 * Until {@link Interruption.stop}, no signal ends the process by itself.
 */
export class Interruption extends EndOfWork {
  private received: EndingSignal | undefined;
  private tell: () => void = () => {};
  /** Resolves at the first signal. */
  readonly asked = new Promise<void>((resolve) => (this.tell = resolve));

  constructor() {
    super();
    waiting += 1;
    for (const signal of ENDING_SIGNALS) process.on(signal, this.onSignal);
  }

  get isAsked(): boolean {
    return this.received !== undefined;
  }

  /** 130 after Ctrl-C, 143 after SIGTERM. */
  get exitCode(): number {
    return exitCodeOf(this.received ?? 'SIGINT');
  }

  stop(): void {
    waiting -= 1;
    for (const signal of ENDING_SIGNALS) process.off(signal, this.onSignal);
  }

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const isSecond = this.received !== undefined;
    this.received ??= signal as EndingSignal;
    // Claims on the embedded server are given back by its own handler of `exit`.
    if (isSecond) endProcess(this.exitCode);
    this.tell();
  };
}
