import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../connection/connection';
import { SelvageError, isAway } from '../errors';

/** State of the connection to the Temporal server. */
type ReachState = 'connecting' | 'connected' | 'unreachable';

type Open = Connection & { close(): Promise<void> };

/** Milliseconds that a question waits for the server before the records alone answer. */
const ANSWER_MS = 3_000;
/** Milliseconds that an act waits for the server. */
const ACT_MS = 30_000;
/** Milliseconds that questions skip the server after an outage was noticed. */
const AWAY_MS = 5_000;

/** A Temporal server that may start late or be away: records alone then answer questions, and acts wait or fail. */
export class ServerReach {
  #opening: Promise<Open> | undefined;
  #connection: Open | undefined;
  #awaySince = -Infinity;
  #lastError: SelvageError | undefined;

  /**
   * @param open connects; called again later if it fails
   * @param patienceMs the least time that calls wait for the server
   */
  constructor(
    private readonly open: () => Promise<Open>,
    private readonly patienceMs = 0,
  ) {}

  static of(connection: Open, patienceMs?: number): ServerReach {
    const reach = new ServerReach(() => Promise.resolve(connection), patienceMs);
    reach.#connection = connection;
    return reach;
  }

  /** A reach for records without a server. */
  static none(why: string): ServerReach {
    return new ServerReach(() => Promise.reject(new SelvageError('ServerUnreachable', why)));
  }

  /** Starts connecting, unless an attempt is under way or has just failed. {@link do} reports errors. */
  begin(): void {
    if (this.#connection || this.#opening || this.#isAway()) return;
    this.#opening = this.open();
    this.#opening.then(
      (connection) => {
        this.#connection = connection;
        this.#opening = undefined;
      },
      (error: unknown) => {
        this.#opening = undefined;
        this.#noteAway(error);
      },
    );
  }

  get state(): ReachState {
    if (this.#isAway()) return 'unreachable';
    return this.#connection ? 'connected' : 'connecting';
  }

  /** The client once it was opened, even if the server is away now. */
  get client(): Open | undefined {
    return this.#connection;
  }

  private async require(): Promise<Open> {
    if (this.#connection) return this.#connection;
    this.begin();
    if (this.#opening) return await this.#opening;
    throw this.#lastError ?? unreachableNow();
  }

  /**
   * Does work that needs the server, for a limited time.
   *
   * @throws SelvageError `ServerUnreachable`, and the work's errors
   */
  async do<Answer>(
    work: (connection: Connection) => Promise<Answer>,
    givenMs: number = ACT_MS,
  ): Promise<Answer> {
    // The longest time of Node's timers.
    const limitMs = Math.min(Math.max(givenMs, this.patienceMs), 2 ** 31 - 1);
    const limit = new AbortController();
    let isAsked = false;
    // Downloading an embedded server takes too long for a browser's request.
    const late = delay(limitMs, undefined, { signal: limit.signal }).then(() => {
      throw isAsked ? unansweredIn(limitMs) : unreachableNow();
    });
    late.catch(() => {});
    try {
      const connection = await Promise.race([this.require(), late]);
      isAsked = true;
      const working = connection.client.withDeadline(Date.now() + limitMs, () => work(connection));
      return await Promise.race([working, late]);
    } finally {
      limit.abort();
    }
  }

  /** Asks the server; undefined if it is away, slow or not connected yet. Throws other errors. */
  async ask<Answer>(
    work: (connection: Connection) => Promise<Answer>,
    limitMs: number = ANSWER_MS,
  ): Promise<Answer | undefined> {
    this.begin();
    const connection = this.#connection;
    if (!connection || this.#isAway()) return undefined;
    try {
      const deadline = Date.now() + Math.max(limitMs, this.patienceMs);
      return await connection.client.withDeadline(deadline, () => work(connection));
    } catch (error) {
      if (!isAway(error) && !SelvageError.is(error, 'ServerUnreachable')) throw error;
      this.#noteAway(error);
      return undefined;
    }
  }

  #isAway(): boolean {
    return performance.now() - this.#awaySince < AWAY_MS;
  }

  #noteAway(error: unknown): void {
    this.#awaySince = performance.now();
    this.#lastError = SelvageError.is(error)
      ? error
      : new SelvageError('ServerUnreachable', String(error), { cause: error });
  }

  /** Closes the client, without waiting for a client that is being opened, as the server may be away. */
  async close(): Promise<void> {
    this.#opening?.then((connection) => connection.close()).catch(() => undefined);
    await this.#connection?.close();
  }
}

function unreachableNow(): SelvageError {
  return new SelvageError(
    'ServerUnreachable',
    'The Temporal server is away, so that nothing can be started, signalled or ended. Only records are shown.',
  );
}

function unansweredIn(limitMs: number): SelvageError {
  return new SelvageError(
    'ServerUnreachable',
    `The Temporal server has not answered within ${limitMs / 1_000} s. What it was asked to do may be done nevertheless: look before you ask again.`,
  );
}
