import { randomUUID } from 'node:crypto';
import { setInterval as every } from 'node:timers/promises';
import { SelvageError } from '../../errors';
import type { TriggerEvent, TriggerHost, ValkeyChannelSettings, ValkeyMessage } from '../../triggers';
import type { ValkeyConnection } from './connection';
import { Retrier } from './retrier';
import { readValue, unreadable } from './read-value';

/** The time between pings, which detect a dead connection. */
const PING_MS = 10_000;

interface ChannelSourceOptions {
  readonly settings: ValkeyChannelSettings;
  readonly host: TriggerHost;
  readonly connection: ValkeyConnection;
}

/**
 * A subscriber of pub/sub. Messages that come while it is not subscribed, or while its backlog is full, are lost. Known
 * losses are counted: messages not started, gaps in the publisher's sequence, and times without a subscription.
 */
export class ChannelSource {
  readonly #retrier: Retrier;
  readonly #backlog: TriggerEvent[] = [];
  readonly #working = new Set<Promise<void>>();
  /** Messages are read one after the other, so that they stay in order. */
  #reading: Promise<void> = Promise.resolve();
  /** The number of messages that are being read, or wait for the window. */
  #waiting = 0;
  #inHand = 0;
  #isFull = false;
  #lostAt: number | undefined;
  /** The number of the newest message, by channel. */
  readonly #sequences = new Map<string, number>();

  constructor(private readonly options: ChannelSourceOptions) {
    this.#retrier = new Retrier(options.host);
  }

  /** Delivers until the trigger is to stop; returns when all received messages have started their runs. */
  async run(): Promise<void> {
    const { connection, settings, host } = this.options;
    const subscriber = connection.duplicate();
    try {
      await this.#retrier.retry('subscribe', () =>
        subscriber.subscribe(settings.channel, settings.isPattern, {
          heard: (channel, bytes) => this.#hear(channel, bytes),
          lost: () => (this.#lostAt ??= performance.now()),
          back: () => this.#tellGap(),
        }),
      );
      for await (const _ of every(PING_MS, undefined, { signal: host.signal }))
        await this.#retrier.retry('listen', () => subscriber.command('ping'));
    } catch (error) {
      if (!host.signal.aborted) throw error;
    } finally {
      subscriber.cut();
      await this.#reading;
      this.#pump();
      while (this.#working.size > 0) await Promise.all(this.#working);
      this.#lose(this.#backlog.length);
    }
  }

  #hear(channel: string, bytes: Buffer): void {
    const { settings, host } = this.options;
    if (host.signal.aborted) return;
    const isFull = this.#waiting >= settings.backlog + Math.max(0, settings.window - this.#inHand);
    if (isFull !== this.#isFull) {
      this.#isFull = isFull;
      if (isFull)
        host.logger.warn(
          `Messages of ${channel} come faster than runs can be started, and are lost: ${this.#waiting} wait already`,
        );
    }
    if (isFull) return this.#lose(1);
    this.#waiting += 1;
    this.#reading = this.#reading.then(async () => {
      const event = await this.#eventOf(channel, bytes);
      if (event) this.#backlog.push(event);
      else this.#waiting -= 1;
      this.#pump();
    });
  }

  #pump(): void {
    const room = this.options.settings.window - this.#inHand;
    const events = this.#backlog.splice(0, Math.max(0, room));
    if (events.length === 0) return;
    this.#waiting -= events.length;
    this.#inHand += events.length;
    const working = this.#start(events).finally(() => {
      this.#inHand -= events.length;
      this.#working.delete(working);
      this.#pump();
    });
    this.#working.add(working);
  }

  async #start(events: readonly TriggerEvent[]): Promise<void> {
    const { host } = this.options;
    const acceptances = await this.#retrier.retry(`start ${events[0]!.key}`, () => host.accept(events));
    if (acceptances === undefined) return this.#lose(events.length);
    for (const acceptance of acceptances)
      if (acceptance.status === 'refused')
        host.logger.warn(`A message starts no run: ${acceptance.error.code}: ${acceptance.error.message}`);
  }

  #lose(messages: number): void {
    if (messages > 0) this.options.host.metrics.count('lost', messages);
  }

  #tellGap(): void {
    if (this.#lostAt === undefined) return;
    const seconds = ((performance.now() - this.#lostAt) / 1_000).toFixed(1);
    this.#lostAt = undefined;
    const { host, settings } = this.options;
    host.metrics.count('gap');
    host.logger.warn(
      `Nobody listened to ${settings.channel} for ${seconds} s: whatever was published meanwhile is lost`,
    );
  }

  /** Returns undefined if no run can be made of the message. */
  async #eventOf(channel: string, bytes: Buffer): Promise<TriggerEvent | undefined> {
    const { settings, host } = this.options;
    const { format, map, key, sequence } = settings;
    try {
      const message: ValkeyMessage = { value: await readValue(bytes, format), channel };
      if (sequence) this.#countMissing(channel, sequence(message));
      const own: unknown = key === 'each' ? `${channel}/${randomUUID()}` : key(message);
      if (typeof own !== 'string' || own === '') throw unreadable('has no key: `key` must answer a text');
      return { key: own, body: map ? message : message.value, link: { channel } };
    } catch (error) {
      host.metrics.count('unreadable');
      const why = SelvageError.is(error)
        ? error.message
        : `It made a function of the trigger throw: ${String(error)}`;
      host.logger.warn(`A message of ${channel} starts no run: ${why}`);
      return undefined;
    }
  }

  #countMissing(channel: string, number: unknown): void {
    if (typeof number !== 'number' || !Number.isSafeInteger(number))
      throw unreadable('has no number: `sequence` must answer a whole number');
    const newest = this.#sequences.get(channel);
    this.#sequences.set(channel, number);
    // A lower number is no gap: a restarted publisher counts from the beginning.
    if (newest !== undefined && number > newest + 1) this.#lose(number - newest - 1);
  }
}
