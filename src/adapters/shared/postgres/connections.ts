import { createHash } from 'node:crypto';
import { isLost, isReadOnly } from './errors';
import { COLUMN_TYPES } from './column-types';
import type { PostgresClientLike, PostgresPoolLike, PostgresQuery, PostgresResult } from './pool-like';

export interface ConnectionLimits {
  /** For a connection from the pool, or a new one. */
  readonly connectTimeoutMs: number;
  /**
   * For a statement, with all that is done over because a connection was lost or another transaction was met. Where no answer has come a
   * second later, the server is gone without having said so.
   */
  readonly queryTimeoutMs: number;
}

/** The server ends a statement at its limit, and says so; the connection is lost only where it does not. */
const SERVER_FIRST_MS = 1_000;

/** Texts beyond so many are not kept prepared: they are not ours, or do not come back. */
const MAXIMUM_NAMES = 500;
const names = new Map<string, string>();

/** Statements with parameters stay prepared, by the hash of their text. */
function nameOf(text: string): string | undefined {
  let name = names.get(text);
  if (name === undefined && names.size < MAXIMUM_NAMES) {
    name = `selvage_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`;
    names.set(text, name);
  }
  return name;
}

/** When a connection was last given back, by the clock that goes on while a machine sleeps. */
const givenBackAt = new WeakMap<PostgresClientLike, number>();

/**
 * Takes a connection from the pool, within the time limit. One that has been idle for longer than a new one may take is asked first whether it
 * is still there, for as long at most: a server or a network that has dropped it may have done so without a word, and then the first
 * statement would wait for its whole time limit. Where one is gone, the other idle ones are not asked, and new ones are made.
 */
export async function connect(pool: PostgresPoolLike, limits: ConnectionLimits): Promise<PostgresConnection> {
  for (let isOneGone = false; ; isOneGone = true) {
    const client = await take(pool, limits);
    const idleMs = Date.now() - (givenBackAt.get(client) ?? Infinity);
    const connection = new PostgresConnection(client, limits);
    if (idleMs < limits.connectTimeoutMs || (!isOneGone && (await connection.isThere()))) return connection;
    connection.close();
  }
}

async function take(pool: PostgresPoolLike, limits: ConnectionLimits): Promise<PostgresClientLike> {
  let isLate = false;
  let timer: NodeJS.Timeout | undefined;
  const connecting = pool.connect();
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      reject(new Error('timeout exceeded when trying to connect'));
      // The pool's own limit comes a little earlier, and says more.
    }, limits.connectTimeoutMs + 500);
  });
  connecting.then(
    (client) => isLate && client.release(),
    () => undefined,
  );
  try {
    return await Promise.race([connecting, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** One connection while it is taken from the pool. It is given back by `release`, and is closed then if it was lost. */
export class PostgresConnection {
  readonly client: PostgresClientLike;
  readonly #limits: ConnectionLimits;
  #lost: Error | undefined;

  constructor(client: PostgresClientLike, limits: ConnectionLimits) {
    this.client = client;
    this.#limits = limits;
    // Without a listener the process would end; the query that is under way tells of it.
    client.on('error', this.#noteLoss);
  }

  readonly query = async (
    text: string,
    values: readonly unknown[] = [],
    timeoutMs = this.#limits.queryTimeoutMs,
  ): Promise<PostgresResult> => {
    if (this.#lost) throw this.#lost;
    const name = values.length > 0 ? nameOf(text) : undefined;
    const query: PostgresQuery = {
      text,
      values: values as unknown[],
      ...(name !== undefined && { name }),
      types: COLUMN_TYPES,
      query_timeout: timeoutMs + SERVER_FIRST_MS,
    };
    try {
      return await this.client.query(query);
    } catch (error) {
      if (isLost(error) || isReadOnly(error)) this.#noteLoss(error as Error);
      throw error;
    }
  };

  async isThere(): Promise<boolean> {
    try {
      await this.query('select 1', [], this.#limits.connectTimeoutMs);
      return true;
    } catch {
      return false;
    }
  }

  /** Gives the connection back to the pool, which closes it if it was lost. */
  release(): void {
    this.client.removeListener('error', this.#noteLoss);
    givenBackAt.set(this.client, Date.now());
    this.client.release(this.#lost);
  }

  /** Closes the connection: it has state that nobody else should have. */
  close(): void {
    this.client.removeListener('error', this.#noteLoss);
    this.client.release(true);
  }

  readonly #noteLoss = (error: Error): void => {
    this.#lost ??= error;
  };
}
