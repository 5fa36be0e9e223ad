import type { Emitter, EmitterDeclaration, LiveContext } from '../emitters';
import type { LiveEvent } from '../ports';
import type { LoggerLike } from '../authoring/knot-context';
import { bodyLogger, listenLive } from '../runtime';
import { isAbout } from './hears';

const MOST_WAITING = 1_000;

/**
 * Passes live events of this process to an emitter:
 *
 * 1. No body waits for an emitter. Events in excess are dropped and counted.
 * 2. The emitter gets one event at a time, in order. A throw of the emitter is logged, and the event is not repeated.
 */
export class LiveChannel {
  readonly #live: NonNullable<Emitter['live']>;
  readonly #context: { -readonly [Name in keyof LiveContext]: LiveContext[Name] };
  readonly #stopping = new AbortController();
  readonly #end: () => void;
  #waiting: LiveEvent[] = [];
  #isTelling = false;
  #isFailing = false;

  private constructor({ name, filter, options }: EmitterDeclaration, logger: LoggerLike) {
    const emitter = options as Emitter;
    this.#live = emitter.live!.bind(emitter);
    this.#context = {
      signal: this.#stopping.signal,
      logger: bodyLogger(logger, { emitter: name }),
      dropped: 0,
    };
    this.#end = listenLive((event) => isAbout(filter, event) && this.#hear(event));
  }

  /** The channel; undefined if the emitter has no `live`. */
  static of(declaration: EmitterDeclaration, logger: LoggerLike): LiveChannel | undefined {
    if (declaration.kind !== 'custom' || !(declaration.options as Emitter).live) return undefined;
    return new LiveChannel(declaration, logger);
  }

  /** Drops waiting events. */
  stop(): void {
    this.#end();
    this.#waiting = [];
    this.#stopping.abort();
  }

  #hear(event: LiveEvent): void {
    if (this.#waiting.length >= MOST_WAITING) this.#context.dropped += 1;
    else this.#waiting.push(event);
    if (this.#isTelling) return;
    this.#isTelling = true;
    // The body goes on first.
    setImmediate(() => void this.#tell());
  }

  async #tell(): Promise<void> {
    for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) {
      try {
        await this.#live(event, { ...this.#context });
        this.#isFailing = false;
      } catch (error) {
        // A throw is logged once in a row, as a failing emitter throws for each event.
        if (!this.#isFailing) this.#context.logger.warn({ err: error }, 'a live event was not heard');
        this.#isFailing = true;
      }
    }
    this.#isTelling = false;
  }
}
