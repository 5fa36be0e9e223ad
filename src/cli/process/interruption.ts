import { endProcess } from './early-end';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { directCommand } from '../output/typed-commands';
import { watchParent } from './parent-watch';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type EndingSignal = (typeof ENDING_SIGNALS)[number];

export abstract class EndOfWork {
  abstract readonly asked: Promise<void>;
  /** The exit code if the request came before anything was done. */
  abstract readonly exitCode: number;
  abstract stop(): void;

  /** The work's result; undefined if the request to stop comes first, after which the result is ignored. */
  async orAsked<T extends object>(work: Promise<T>): Promise<T | undefined> {
    return await Promise.race([work, this.asked.then(() => undefined)]);
  }
}

function exitCodeOf(signal: EndingSignal): number {
  return signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
}

/** Number of {@link Interruption}s, which handle signals themselves. */
let waiting = 0;

/** Handlers of {@link endOnSignal}. */
const endings = new Map<EndingSignal, () => void>();

/**
 * Lets a signal end a command that leaves nothing unfinished: at once, with its exit code and one line. The
 * embedded server's own `exit` handlers end claims on it. An {@link Interruption} takes precedence.
 */
export function endOnSignal(tell: () => void): void {
  for (const signal of ENDING_SIGNALS) {
    endings.set(signal, () => {
      if (waiting > 0) return;
      tell();
      endProcess(exitCodeOf(signal));
    });
    process.on(signal, endings.get(signal)!);
  }
}

/**
 * Call this function before work that may block the event loop, such as loading a file, when no handler of a signal
 * would run. Until the returned function is called, once, a signal ends the process by default, unless an {@link
 * Interruption} waits for it.
 */
export async function leaveSignals(): Promise<() => void> {
  if (waiting > 0) return () => {};
  // Let a handler deal with a signal that has come already.
  await new Promise(setImmediate);
  for (const [signal, end] of endings) process.off(signal, end);
  return () => {
    for (const [signal, end] of endings) process.on(signal, end);
  };
}

/**
 * Opens the things that a command needs, and works with them. A signal before these things are open ends the command.
 *
 * @param before the warning if a signal ends the command
 */
export async function workUntilAsked<Opened extends object>(
  output: Output,
  before: string,
  open: () => Promise<Opened>,
  work: (opened: Opened, interruption: Interruption) => Promise<number>,
): Promise<number> {
  const interruption = new Interruption(output);
  try {
    const opened = await interruption.orAsked(open());
    if (opened) return await work(opened, interruption);
    output.warn(before);
    return interruption.exitCode;
  } finally {
    interruption.stop();
  }
}

/**
 * Handles Ctrl-C, SIGTERM, and the death of the npm process that started the command. The first signal resolves
 * `asked`; the second ends the process at once. Until {@link Interruption.stop}, no signal ends the process by itself.
 */
export class Interruption extends EndOfWork {
  private received: EndingSignal | undefined;
  private tell: () => void = () => {};
  readonly asked = new Promise<void>((resolve) => (this.tell = resolve));

  /** Whether no parent remains that would pass a signal on. */
  private isOrphan = false;
  private readonly unwatch: () => void;

  /** @param output is told if the command must end because its parent has */
  constructor(output: Output) {
    super();
    waiting += 1;
    this.unwatch = watchParent(() => {
      if (this.isAsked) return;
      this.isOrphan = true;
      output.warn(
        'The process that has started this command (npm or its shell) has ended: stopping, as on SIGTERM. To have signals come here, start it by ' +
          `${directCommand()}; to let it work on alone, set SELVAGE_DETACHED=true.`,
      );
      this.tell();
    });
    for (const signal of ENDING_SIGNALS) process.on(signal, this.onSignal);
  }

  get isAsked(): boolean {
    return this.isOrphan || this.received !== undefined;
  }

  /** The exit code: 130 after Ctrl-C, 143 after SIGTERM or the parent's end. */
  get exitCode(): number {
    return exitCodeOf(this.received ?? (this.isOrphan ? 'SIGTERM' : 'SIGINT'));
  }

  stop(): void {
    waiting -= 1;
    this.unwatch();
    for (const signal of ENDING_SIGNALS) process.off(signal, this.onSignal);
  }

  private readonly onSignal = (signal: NodeJS.Signals): void => {
    const isSecond = this.received !== undefined;
    this.received ??= signal as EndingSignal;
    // The `exit` handler of the embedded server ends this process's claims on it.
    if (isSecond) endProcess(this.exitCode);
    this.tell();
  };
}
