import { createHash } from 'node:crypto';
import { isLost, isReadOnly } from './errors';
import { COLUMN_TYPES } from './column-types';
import type { PostgresClientLike, PostgresPoolLike, PostgresQuery, PostgresResult } from './pool-like';

export interface ConnectionLimits {
  /** For a connection from the pool, or a new one. */
  readonly connectTimeoutMs: number;
  /** For a statement. Where no answer has come a second later, the server is gone without having said so. */
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

/** Takes a connection from the pool, within the time limit. */
export async function connect(pool: PostgresPoolLike, limits: ConnectionLimits): Promise<PostgresConnection> {
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
    return new PostgresConnection(await Promise.race([connecting, limit]), limits);
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

  /** Gives the connection back to the pool, which closes it if it was lost. */
  release(): void {
    this.client.removeListener('error', this.#noteLoss);
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
