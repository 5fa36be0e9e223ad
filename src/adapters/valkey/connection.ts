import { randomUUID } from 'node:crypto';
import { SelvageError } from '../../errors';
import { inTime } from '../../ports/parts/pause';
import { textOf, type ValkeyArgument, type ValkeyClientLike } from './client-like';
import { noAnswer, valkeyErrorOf } from './errors';
import type { ValkeyScript } from './script';

interface ValkeyConnectionSettings {
  /** The server without secrets, for messages. */
  readonly place: string;
  readonly prefix: string;
  /** The time that a value lasts after its last put, in milliseconds; 0: forever. */
  readonly ttl: number;
  /** Milliseconds until a command without an answer has failed. */
  readonly commandTimeout: number;
  /** Whether closing the connection closes the client. */
  readonly owned: boolean;
}

interface ValkeyListener {
  heard(channel: string, message: Buffer): void;
  lost(): void;
  back(): void;
}

/** The events of pub/sub, which clients have beyond {@link ValkeyClientLike}. */
interface Subscriber {
  on(event: 'messageBuffer', listener: (channel: Buffer | string, message: Buffer) => void): void;
  on(
    event: 'pmessageBuffer',
    listener: (pattern: string, channel: Buffer | string, message: Buffer) => void,
  ): void;
  on(event: 'close' | 'ready', listener: () => void): void;
}

/** The wait for running commands when a connection is closed. */
const CLOSING_MS = 1_000;

/**
 * A connection to a server, shared by the adapters that use it. The connection reconnects by itself. A command that
 * fails during an outage throws `BackendUnavailable` and is not repeated here, since the server may have executed it.
 *
 * All our keys begin with the prefix in braces, `{selvage}:…`, so that a cluster has them on one node, for scripts.
 */
export class ValkeyConnection {
  readonly settings: ValkeyConnectionSettings;
  readonly #client: ValkeyClientLike;
  #trouble: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(client: ValkeyClientLike, settings: ValkeyConnectionSettings) {
    this.#client = client;
    this.settings = settings;
    // Without a listener, the process would end or the library would print the error.
    client.on('error', (error) => {
      this.#trouble = error;
    });
  }

  get place(): string {
    return this.settings.place;
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  key(...parts: readonly (string | number)[]): string {
    return `{${this.settings.prefix}}:${parts.join(':')}`;
  }

  /** Throws `BackendUnavailable`, `DiskFull` and others, by the server's answer. */
  async command(name: string, ...args: ValkeyArgument[]): Promise<unknown> {
    try {
      return await this.#send(name, args);
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** Sends the script's text only if the server does not know it. */
  async run(
    { lua, sha1 }: ValkeyScript,
    keys: readonly string[],
    args: readonly ValkeyArgument[],
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args];
    try {
      return await this.#send('evalsha', [sha1, ...rest]);
    } catch (error) {
      if (!/^NOSCRIPT/.test(String((error as Error).message))) throw this.#told(error);
    }
    return await this.command('eval', lua, ...rest);
  }

  /** Makes another connection to the server, for blocking commands; the caller closes it. */
  duplicate(): ValkeyConnection {
    if (this.isClosed) throw this.#closed();
    return new ValkeyConnection(this.#client.duplicate(), { ...this.settings, owned: true });
  }

  /**
   * Subscribes to a channel, or to all channels that match a pattern, also after each reconnection. A subscribed
   * connection can only be closed and pinged. The `listener` hears of messages, losses and reconnections.
   */
  async subscribe(name: string, isPattern: boolean, listener: ValkeyListener): Promise<void> {
    const client = this.#client as unknown as Subscriber;
    client.on('messageBuffer', (channel, message) => listener.heard(textOf(channel), message));
    client.on('pmessageBuffer', (_, channel, message) => listener.heard(textOf(channel), message));
    client.on('close', () => listener.lost());
    client.on('ready', () => listener.back());
    await this.command(isPattern ? 'psubscribe' : 'subscribe', name);
  }

  /** A text that identifies this storage; the first caller creates it. */
  async identity(): Promise<string> {
    const key = this.key('identity');
    await this.command('set', key, randomUUID(), 'NX');
    return textOf(await this.command('get', key));
  }

  /** Closes the connection, after at most a second for running commands. A user's client stays open. */
  close(): Promise<void> {
    this.#closing ??= this.settings.owned ? this.#quit() : Promise.resolve();
    return this.#closing;
  }

  /** Closes the connection; waiting commands fail. */
  cut(): void {
    this.#closing ??= Promise.resolve();
    if (this.settings.owned) this.#client.disconnect();
  }

  async #quit(): Promise<void> {
    await this.#within(this.#client.callBuffer('quit'), CLOSING_MS).catch(() => undefined);
    this.#client.disconnect();
  }

  async #send(name: string, args: ValkeyArgument[]): Promise<unknown> {
    if (this.isClosed) throw this.#closed();
    const reply = await this.#within(this.#client.callBuffer(name, ...args), this.settings.commandTimeout);
    this.#trouble = undefined;
    return reply;
  }

  #within<T>(answer: Promise<T>, milliseconds: number): Promise<T> {
    return inTime(answer, milliseconds, () => noAnswer(this.place, milliseconds));
  }

  #closed(): SelvageError {
    return new SelvageError(
      'BackendUnavailable',
      `The connection to the Valkey server ${this.place} is closed.`,
      { details: { server: this.place } },
    );
  }

  #told(error: unknown): SelvageError {
    return valkeyErrorOf(error, { place: this.place, ...(this.#trouble && { trouble: this.#trouble }) });
  }
}
