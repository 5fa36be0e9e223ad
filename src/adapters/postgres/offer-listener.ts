import { EventEmitter, once } from 'node:events';
import { SelvageError } from '../../errors';
import type { Offer, SubscribeOptions } from '../../ports';
import { again } from '../../ports/parts/again';
import { pause } from '../../ports/parts/pause';
import { backOff, type BackOff } from '../../values/back-off';
import type { PostgresDatabase } from './database';
import type { PostgresConnection } from './connections';
import { subscription } from '../../ports/parts/subscription';

/** A notification has only the run's id, as it may have at most 8,000 bytes. */
export const OFFER_CHANNEL = 'selvage_offers';

/** The time between tests of the connection for a silent loss, when subscribers look for offers anyway. */
const LOOK_MS = 15_000;
const LOOK_TIMEOUT_MS = 5_000;
/** The waits are random, so that clients do not return all at once to a server that they lost. */
const BACK_OFF: BackOff = { base: 100, max: 5_000, jitter: 0.5 };

type PageOfOffers = (after: number, limit: number) => Promise<Offer[]>;

class Follower {
  #hasNews = false;
  readonly #notifications = new EventEmitter();

  constructor(readonly runId: string) {}

  tell(): void {
    this.#hasNews = true;
    this.#notifications.emit('offer');
  }

  /** Waits for a notification since the last call, or until the signal is aborted. */
  async news(signal: AbortSignal): Promise<void> {
    if (!this.#hasNews) await once(this.#notifications, 'offer', { signal }).catch(() => undefined);
    this.#hasNews = false;
  }
}

/** Listens for all followers over one connection. When the connection is replaced, all followers look for offers. */
export class OfferListener {
  readonly #followers = new Set<Follower>();
  #isClosed = false;
  #listening: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(private readonly database: PostgresDatabase) {
    database.beforeClose(() => {
      this.#isClosed = true;
      return this.close();
    });
  }

  async *subscribe(
    runId: string,
    page: PageOfOffers,
    options: SubscribeOptions,
  ): AsyncGenerator<Offer, void, void> {
    const follower = new Follower(runId);
    this.#add(follower);
    try {
      yield* subscription(
        (after, limit) => this.#read(() => page(after, limit), options.signal),
        (signal) => follower.news(signal),
        options,
      );
    } finally {
      this.#remove(follower);
    }
  }

  /** Followers that remain get no more notifications. */
  async close(): Promise<void> {
    const listening = this.#listening;
    this.#listening = undefined;
    listening?.stop.abort();
    await listening?.ended;
  }

  /** A follower of a store that was closed gets no more offers, and ends at its signal. */
  async #read(read: () => Promise<Offer[]>, signal: AbortSignal): Promise<Offer[]> {
    try {
      if (!this.#isClosed) return await patiently(read, signal);
    } catch (error) {
      if (!this.#isClosed) throw error;
    }
    if (!signal.aborted) await once(signal, 'abort');
    return [];
  }

  #add(follower: Follower): void {
    this.#followers.add(follower);
    if (this.#listening) return;
    const stop = new AbortController();
    this.#listening = { stop, ended: this.#listen(stop.signal) };
  }

  #remove(follower: Follower): void {
    this.#followers.delete(follower);
    // An unused connection is not worth keeping. Closing cannot reject.
    if (this.#followers.size === 0) void this.close();
  }

  async #listen(stop: AbortSignal): Promise<void> {
    let failures = 0;
    while (!stop.aborted) {
      try {
        const connection = await this.database.connect();
        try {
          await connection.query(`listen ${OFFER_CHANNEL}`);
          failures = 0;
          await this.#hear(connection, stop);
        } finally {
          connection.close();
        }
      } catch {
        // The error is dropped, because subscribers learn of trouble by their own reads.
        await pause(backOff(BACK_OFF, failures++, Math.random()), stop);
      }
    }
  }

  /** Passes notifications on, until the connection is lost (which throws) or listening is stopped. */
  async #hear({ client, query }: PostgresConnection, stop: AbortSignal): Promise<void> {
    const hear = ({ channel, payload }: { channel: string; payload?: string }): void => {
      if (channel === OFFER_CHANNEL) this.#tell((follower) => follower.runId === payload);
    };
    const lost = new AbortController();
    const lose = (): void => lost.abort();
    client.on('notification', hear);
    client.on('error', lose);
    client.on('end', lose);
    try {
      while (!stop.aborted && !lost.signal.aborted) {
        // Followers look once, because offers may precede this connection, or a proxy may swallow notifications.
        this.#tell(() => true);
        await pause(LOOK_MS * (0.75 + Math.random() / 2), AbortSignal.any([stop, lost.signal]));
        if (!stop.aborted) await query('select 1', [], LOOK_TIMEOUT_MS);
      }
    } finally {
      client.removeListener('notification', hear);
      client.removeListener('error', lose);
      client.removeListener('end', lose);
    }
  }

  #tell(whom: (follower: Follower) => boolean): void {
    for (const follower of this.#followers) if (whom(follower)) follower.tell();
  }
}

async function patiently(read: () => Promise<Offer[]>, signal: AbortSignal): Promise<Offer[]> {
  const isFinal = (error: unknown): boolean => !SelvageError.is(error, 'BackendUnavailable');
  return (await again(read, { backOff: BACK_OFF, isFinal, signal })) ?? [];
}
