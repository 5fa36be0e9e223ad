import { createHash } from 'node:crypto';
import { requireStorableText } from '../../ports/parts/not-storable';
import { inTime } from '../../ports/parts/pause';
import { isLost, isReadOnly } from './errors';
import type { PostgresClientLike, PostgresPoolLike, PostgresQuery, PostgresResult } from './pool-like';

export interface ConnectionLimits {
  /** The limit for getting a connection, from the pool or new. */
  readonly connectTimeoutMs: number;
  /** The limit for a statement with all its retries. One second later, a server without an answer counts as gone. */
  readonly queryTimeoutMs: number;
}

const BOOL = 16;
const BYTEA = 17;
const NUMBERS = new Set([20, 21, 23, 26, 700, 701, 1700]);

const asIs = (value: unknown): unknown => value;
const asNumber = (text: string): number => Number(text);
const asBoolean = (text: string): boolean => text === 't';
const asBytes = (text: string): Buffer => Buffer.from(text.slice(2), 'hex');

/**
 * The parsers of columns, passed with each query, whatever the process or the pool's owner has configured. An int8
 * becomes a number, as ids, sizes and counts stay far below 2^53. Types that Selvage does not use stay text.
 */
const COLUMN_TYPES = {
  getTypeParser(oid: number, format?: string): (value: any) => any {
    if (format === 'binary') return asIs;
    if (NUMBERS.has(oid)) return asNumber;
    if (oid === BYTEA) return asBytes;
    return oid === BOOL ? asBoolean : asIs;
  },
};

/** The server ends a statement at its limit; only if the server does not, the connection counts as lost. */
const SERVER_FIRST_MS = 1_000;

/** At most this many statements are kept prepared: any more are not ours, or are not repeated. */
const MAXIMUM_NAMES = 500;
const names = new Map<string, string>();

function nameOf(text: string): string | undefined {
  let name = names.get(text);
  if (name === undefined && names.size < MAXIMUM_NAMES) {
    name = `selvage_${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`;
    names.set(text, name);
  }
  return name;
}

/** The time when a connection was last returned; the clock goes on while the machine sleeps. */
const handedBackAt = new WeakMap<PostgresClientLike, number>();

/**
 * Takes a connection from the pool, within the time limit. A connection that was idle for long is tested first: if it
 * was dropped silently, the first statement would wait for its whole limit. If the tested connection is gone, the other
 * idle ones are closed untested.
 */
export async function connect(pool: PostgresPoolLike, limits: ConnectionLimits): Promise<PostgresConnection> {
  for (let isOneGone = false; ; isOneGone = true) {
    const client = await take(pool, limits);
    const idleMs = Date.now() - (handedBackAt.get(client) ?? Infinity);
    const connection = new PostgresConnection(client, limits);
    if (idleMs < limits.connectTimeoutMs || (!isOneGone && (await connection.isThere()))) return connection;
    connection.close();
  }
}

async function take(pool: PostgresPoolLike, limits: ConnectionLimits): Promise<PostgresClientLike> {
  let isLate = false;
  const connecting = pool.connect();
  connecting.then(
    (client) => isLate && client.release(),
    () => undefined,
  );
  // The pool's own time limit comes a little earlier, with a better message.
  return await inTime(connecting, limits.connectTimeoutMs + 500, () => {
    isLate = true;
    return new Error('timeout exceeded when trying to connect');
  });
}

/** A connection taken from the pool. */
export class PostgresConnection {
  readonly client: PostgresClientLike;
  readonly #limits: ConnectionLimits;
  #lost: Error | undefined;

  constructor(client: PostgresClientLike, limits: ConnectionLimits) {
    this.client = client;
    this.#limits = limits;
    // Without a listener the process would end; the running query reports the error.
    client.on('error', this.#noteLoss);
  }

  readonly query = async (
    text: string,
    values: readonly unknown[] = [],
    timeoutMs = this.#limits.queryTimeoutMs,
  ): Promise<PostgresResult> => {
    if (this.#lost) throw this.#lost;
    for (const value of values)
      if (typeof value === 'string') requireStorableText(value, 'PostgreSQL', { statement: text });
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

  /** Returns the connection to the pool, which closes it if it was lost. */
  release(): void {
    this.client.removeListener('error', this.#noteLoss);
    handedBackAt.set(this.client, Date.now());
    this.client.release(this.#lost);
  }

  /** Closes the connection, so that no other user gets its state. */
  close(): void {
    this.client.removeListener('error', this.#noteLoss);
    this.client.release(true);
  }

  readonly #noteLoss = (error: Error): void => {
    this.#lost ??= error;
  };
}
