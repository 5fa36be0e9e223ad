import { endProcess } from './early-end';
import { EXIT } from '../output/exit-codes';
import type { Output } from '../output/output';
import { directCommand } from '../output/typed-commands';
import { watchParent } from './parent-watch';

const ENDING_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
type EndingSignal = (typeof ENDING_SIGNALS)[number];

/** The request to end that a long-running command waits for. */
export abstract class EndOfWork {
  /** Resolves at the request. */
  abstract readonly asked: Promise<void>;
  /** The exit code if the request came before anything was done. */
  abstract readonly exitCode: number;
  abstract stop(): void;

  /** The result of the work; undefined if the request comes first, after which the work's result is ignored. */
  async orAsked<T extends object>(work: Promise<T>): Promise<T | undefined> {
    return await Promise.race([work, this.asked.then(() => undefined)]);
  }
}

/** 130 after Ctrl-C, 143 after SIGTERM. */
function exitCodeOf(signal: EndingSignal): number {
  return signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
}

/** Number of {@link Interruption}s, each of which handles signals itself. */
let waiting = 0;

/** What {@link endOnSignal} does, by signal. */
const endings = new Map<EndingSignal, () => void>();

/**
 * Lets a signal end a command that leaves nothing unfinished: immediately, with its exit code and one line instead of a stack. Claims on
 * the embedded server are ended by their own `exit` handlers. An {@link Interruption}, if there is one, handles signals instead.
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
 * Call it before work that may keep the event loop busy, such as loading a file: no handler of a signal would be called meanwhile. Until the
 * answered function is called, once, a signal ends the process as one that handles none, unless an {@link Interruption} waits for it.
 */
export async function leaveSignals(): Promise<() => void> {
  if (waiting > 0) return () => {};
  // A signal that has come already is handled first.
  await new Promise(setImmediate);
  for (const [signal, end] of endings) process.off(signal, end);
  return () => {
    for (const [signal, end] of endings) process.on(signal, end);
  };
}

/**
 * The request to end: Ctrl-C, SIGTERM, or the death of the npm process that started the command. The first signal goes to whoever waits for
 * it; the second ends the process at once. Until {@link Interruption.stop}, no signal ends the process by itself.
 */
export class Interruption extends EndOfWork {
  private received: EndingSignal | undefined;
  private tell: () => void = () => {};
  /** Resolves at the first signal. */
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

  /** 130 after Ctrl-C, 143 after SIGTERM and if the parent has ended. */
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
    // Claims on the embedded server are ended by its own `exit` handler.
    if (isSecond) endProcess(this.exitCode);
    this.tell();
  };
}
