import { EventEmitter, once } from 'node:events';
import { pause } from '../../ports/parts/pause';
import { textOf } from './client-like';
import type { ValkeyConnection } from './connection';
import { backOff, type BackOff } from '../../values/back-off';

/** The server's answers come at least this often, so that a dead connection is noticed. */
const LONGEST_BLOCK_MS = 5_000;
const BACK_OFF: BackOff = { base: 50, max: 2_000, jitter: 0.5 };

export interface Ear {
  /** Forgets earlier announcements; called before the offers are read, so that later offers are heard. */
  forget(): void;
  /** Waits until offers may have come since `forget`, or the signal is aborted. */
  heard(signal: AbortSignal): Promise<void>;
  close(): void;
}

interface Listener {
  readonly runId: string;
  readonly news: EventEmitter;
  hasNews: boolean;
}

/**
 * Wakes subscribers when any process makes an offer, by a connection of its own that waits for announcements. An
 * announcement only names the run, whose subscribers then read its new offers. A new connection wakes all subscribers,
 * as it may have missed announcements.
 */
export class Announcements {
  readonly #listeners = new Set<Listener>();
  #following: AbortController | undefined;

  constructor(
    private readonly connection: ValkeyConnection,
    private readonly stream: string,
  ) {}

  listen(runId: string): Ear {
    const listener: Listener = { runId, news: new EventEmitter(), hasNews: false };
    this.#listeners.add(listener);
    if (this.#following === undefined) {
      this.#following = new AbortController();
      void this.#follow(this.#following.signal);
    }
    return {
      forget: () => {
        listener.hasNews = false;
      },
      heard: async (signal) => {
        if (!listener.hasNews) await once(listener.news, 'offer', { signal }).catch(() => undefined);
      },
      close: () => {
        this.#listeners.delete(listener);
        if (this.#listeners.size === 0) this.close();
      },
    };
  }

  /** Stops listening. Subscribers that remain wake up, read, and get the error of a closed connection. */
  close(): void {
    this.#following?.abort();
    this.#following = undefined;
    this.#tell(() => true);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      const hasHeard = await this.#followOnce(signal);
      if (hasHeard) failures = 0;
      await pause(backOff(BACK_OFF, failures, Math.random()), signal);
    }
  }

  /** Follows until the connection ends, or at the signal; returns whether the server has answered. */
  async #followOnce(signal: AbortSignal): Promise<boolean> {
    let hasHeard = false;
    let cut = (): void => {};
    try {
      const connection = this.connection.duplicate();
      cut = () => connection.cut();
      signal.addEventListener('abort', cut, { once: true });
      let last = await this.#lastId(connection);
      hasHeard = true;
      // An announcement may have come before this connection.
      this.#tell(() => true);
      while (!signal.aborted) last = await this.#wait(connection, last);
    } catch {
      // No error is reported here: subscribers get it when they read the offers.
    } finally {
      signal.removeEventListener('abort', cut);
      cut();
    }
    return hasHeard;
  }

  async #lastId(connection: ValkeyConnection): Promise<string> {
    const [newest] = (await connection.command('xrevrange', this.stream, '+', '-', 'COUNT', 1)) as [Entry?];
    return newest === undefined ? '0-0' : textOf(newest[0]);
  }

  async #wait(connection: ValkeyConnection, last: string): Promise<string> {
    const block = Math.ceil(Math.min(LONGEST_BLOCK_MS, connection.settings.commandTimeout / 2));
    const reply = await connection.command(
      'xread',
      'COUNT',
      1_000,
      'BLOCK',
      block,
      'STREAMS',
      this.stream,
      last,
    );
    if (!Array.isArray(reply)) return last;
    const [[, entries]] = reply as [[unknown, Entry[]]];
    const runs = new Set(entries.map(([, fields]) => textOf(fields[1])));
    this.#tell(({ runId }) => runs.has(runId));
    return textOf(entries.at(-1)![0]);
  }

  #tell(concerns: (listener: Listener) => boolean): void {
    for (const listener of this.#listeners) {
      if (!concerns(listener)) continue;
      listener.hasNews = true;
      listener.news.emit('offer');
    }
  }
}

/** An entry of a stream: its id, then its fields and values alternately. */
export type Entry = readonly [unknown, readonly unknown[]];
