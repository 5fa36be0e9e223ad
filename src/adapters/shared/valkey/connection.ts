import { randomUUID } from 'node:crypto';
import { SelvageError } from '../../../errors';
import { textOf, type ValkeyArgument, type ValkeyClientLike } from './client-like';
import { noAnswer, valkeyErrorOf } from './errors';
import type { ValkeyScript } from './script';

export interface ValkeyConnectionSettings {
  /** The server, without secrets, for messages. */
  readonly place: string;
  readonly prefix: string;
  /** Values are gone so many milliseconds after they were last put; 0: never. */
  readonly ttl: number;
  /** A command that has no answer after so many milliseconds has failed. */
  readonly commandTimeout: number;
  /** Whether closing this closes the client. */
  readonly owned: boolean;
}

/** How long commands under way may take to end when a connection is closed. */
const CLOSING_MS = 1_000;

/**
 * One connection to a server, shared by the adapters that stand on it. It reconnects by itself; a command that fails meanwhile is
 * `BackendUnavailable`, and is not sent again here, since it may have been done.
 *
 * All keys begin with the prefix in braces, `{selvage}:…`: in a cluster they lie together, so that a script may touch several of them.
 */
export class ValkeyConnection {
  readonly settings: ValkeyConnectionSettings;
  readonly #client: ValkeyClientLike;
  #trouble: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(client: ValkeyClientLike, settings: ValkeyConnectionSettings) {
    this.#client = client;
    this.settings = settings;
    // Without a listener, the process would end or the library would print.
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

  /** @throws SelvageError as of {@link valkeyErrorOf} */
  async command(name: string, ...args: ValkeyArgument[]): Promise<unknown> {
    try {
      return await this.#send(name, args);
    } catch (error) {
      throw this.#told(error);
    }
  }

  /** Runs a script, which the server is given only if it does not know it. */
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

  /** Another connection to the same server, to wait on; the caller closes it. */
  duplicate(): ValkeyConnection {
    if (this.isClosed) throw this.#closed();
    return new ValkeyConnection(this.#client.duplicate(), { ...this.settings, owned: true });
  }

  /** The text that tells this storage from every other; the first who asks makes it. */
  async identity(): Promise<string> {
    const key = this.key('identity');
    await this.command('set', key, randomUUID(), 'NX');
    return textOf(await this.command('get', key));
  }

  /** Lets the commands under way end, for a second at most. A client that was given stays open. */
  close(): Promise<void> {
    this.#closing ??= this.settings.owned ? this.#quit() : Promise.resolve();
    return this.#closing;
  }

  /** Ends it and what it waits for. */
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
    return within(answer, milliseconds, this.place);
  }

  #closed(): SelvageError {
    return new SelvageError(
      'BackendUnavailable',
      `The connection to the Valkey server ${this.place} is closed.`,
      {
        details: { server: this.place },
      },
    );
  }

  #told(error: unknown): SelvageError {
    return valkeyErrorOf(error, { place: this.place, ...(this.#trouble && { trouble: this.#trouble }) });
  }
}

/** @throws SelvageError `BackendUnavailable` where there is no answer in time */
export async function within<T>(answer: Promise<T>, milliseconds: number, place: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(noAnswer(place, milliseconds)), milliseconds);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
