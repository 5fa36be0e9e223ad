import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '../connection/connection';
import { SelvageError, isAway } from '../errors';

/** The state of the connection to the Temporal server. */
type ReachState = 'connecting' | 'connected' | 'unreachable';

type Open = Connection & { close(): Promise<void> };

/** How long a question waits for the server before the records alone answer it. */
const ANSWER_MS = 3_000;
/** How long an act waits for the server. */
const ACT_MS = 30_000;
/** How long questions skip the server after it was found away. */
const AWAY_MS = 5_000;

/**
 * Access to the Temporal server, which may come late or be away. Questions are then answered from the
 * records; acts wait for the server or are refused.
 */
export class ServerReach {
  #opening: Promise<Open> | undefined;
  #connection: Open | undefined;
  #awaySince = -Infinity;
  #lastError: SelvageError | undefined;

  /**
   * @param open connects; called again after a while if it fails
   * @param patienceMs how long the caller waits for the server at least
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

  /** Access for what is answered from records alone. */
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
   * Does work that needs the server, and gives up after a time.
   *
   * @throws SelvageError `ServerUnreachable`, and what the work throws
   */
  async do<Answer>(
    work: (connection: Connection) => Promise<Answer>,
    givenMs: number = ACT_MS,
  ): Promise<Answer> {
    // Node's timers wait no longer than this.
    const limitMs = Math.min(Math.max(givenMs, this.patienceMs), 2 ** 31 - 1);
    const limit = new AbortController();
    let isAsked = false;
    // An embedded server may have to be downloaded first, too long for a request of a browser.
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

  /** The server's answer; undefined if it is away, slow or not connected yet. Other errors are thrown. */
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

  /**
   * Closes the client. One that is still being opened is closed afterwards, without waiting for it: the
   * server may be away.
   */
  async close(): Promise<void> {
    this.#opening?.then((connection) => connection.close()).catch(() => undefined);
    await this.#connection?.close();
  }
}

function unreachableNow(): SelvageError {
  return new SelvageError(
    'ServerUnreachable',
    'The Temporal server is away, so that nothing can be started, signalled or ended. What is on record is shown.',
  );
}

function unansweredIn(limitMs: number): SelvageError {
  return new SelvageError(
    'ServerUnreachable',
    `The Temporal server has not answered within ${limitMs / 1_000} s. What it was asked to do may be done nevertheless: look before you ask again.`,
  );
}
