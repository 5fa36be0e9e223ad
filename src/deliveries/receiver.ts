import type { LoggerLike } from '../authoring/knot-context';
import type { Delivery, DeliveryContext, Emitter, EmitterDeclaration, RunEvent } from '../emitters';
import { messageText, SelvageError } from '../errors';
import { bodyLogger } from '../runtime';
import { openEmitter, type EmitterTools } from './open-emitter';
import { within } from '../ports/parts/pause';

const CLOSE_MS = 5_000;
/** At most this many characters kept of an error. */
export const LONGEST_ERROR = 2_000;

type Readers = Pick<DeliveryContext, 'value' | 'records'>;

export interface ReceiverTools extends Readers, Omit<EmitterTools, 'logger'> {
  readonly logger: LoggerLike;
}

/** Opens an emitter at its first delivery, and limits the time of each delivery. */
export class Receiver {
  readonly #declaration: EmitterDeclaration;
  readonly #tools: EmitterTools;
  readonly #readers: Readers;
  #opened: Promise<Emitter> | undefined;
  #isBusy = false;

  constructor(declaration: EmitterDeclaration, { logger, value, records, ...tools }: ReceiverTools) {
    this.#declaration = declaration;
    this.#tools = { ...tools, logger: bodyLogger(logger, { emitter: declaration.name }) };
    this.#readers = { value, records };
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** @param lost abandons the delivery @throws the emitter's error, or a timeout */
  async deliver(events: readonly RunEvent[], attempt: number, lost: AbortSignal): Promise<Delivery> {
    const { timeout } = this.#declaration;
    const abort = new AbortController();
    let give = (_: Error): void => {};
    const isOver = new Promise<never>((_, reject) => {
      give = (reason) => {
        abort.abort(reason);
        reject(reason);
      };
    });
    const timer = setTimeout(() => give(new Error(`It took longer than ${timeout} ms.`)), timeout);
    const stop = (): void => give(new Error('This process delivers no longer.'));
    lost.addEventListener('abort', stop, { once: true });
    if (lost.aborted) stop();
    const context = { signal: abort.signal, logger: this.#tools.logger, attempt, ...this.#readers };
    const delivering = this.#deliver(events, context);
    // An abandoned delivery may end in any way.
    for (const promise of [delivering, isOver]) promise.catch(() => undefined);
    this.#isBusy = true;
    try {
      return await Promise.race([delivering, isOver]);
    } finally {
      this.#isBusy = false;
      clearTimeout(timer);
      lost.removeEventListener('abort', stop);
    }
  }

  async #deliver(events: readonly RunEvent[], context: DeliveryContext): Promise<Delivery> {
    const opened = (this.#opened ??= openEmitter(this.#declaration, this.#tools));
    let emitter: Emitter;
    try {
      emitter = await opened;
    } catch (error) {
      if (this.#opened === opened) this.#opened = undefined;
      throw error;
    }
    return (await emitter.deliver(events, context)) ?? {};
  }

  /** Closing never rejects, and takes 5 s at most. */
  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    const close = async (): Promise<void> => await (await opened)?.close?.();
    await within(close(), CLOSE_MS).catch(() => undefined);
  }
}

/** Safe for records. */
export function textOf(error: unknown): string {
  const text = error instanceof Error || SelvageError.is(error) ? error.message : String(error);
  return messageText(text === '' ? 'It says nothing.' : text, LONGEST_ERROR);
}
