import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, PostgresDialect, type Compilable } from 'kysely';
import type { SqlDatabase, SqlExecutor } from '../sql/database';
import type { SqlSchema } from '../sql/schema';
import { connect, type ConnectionLimits, type PostgresConnection } from './connections';
import { isConflict, isLost, selvageErrorOf } from './errors';
import type { PostgresPoolLike, PostgresResult } from './pool-like';
import { POSTGRES_WORDS } from './words';
import { backOff, type BackOff } from '../../values/back-off';

const MAXIMUM_CONFLICTS = 20;
/** The waits are entirely random, so that conflicting transactions do not meet again. */
const BACK_OFF: BackOff = { base: 2, max: 100, jitter: 1 };

/** `once`: the work is not repeated after a lost connection, as it may have been done. */
interface Repetition {
  readonly once?: boolean;
}

/** An open Postgres database with current tables, shared by its adapters. */
export class PostgresDatabase implements SqlDatabase {
  readonly dialect = POSTGRES_WORDS;
  readonly place: string;
  readonly #pool: PostgresPoolLike;
  readonly #limits: ConnectionLimits;
  readonly #closePool: (() => Promise<unknown>) | undefined;
  readonly #db: SqlExecutor;
  #identity: string | undefined;
  #closing: Promise<void> | undefined;
  readonly #beforeClose = new Set<() => Promise<void>>();

  /**
   * @internal Use `openPostgresDatabase`.
   *
   * @param closePool omitted if the pool is the user's
   * @param isReadOnly whether the user may only read; incidental writes are left to other processes
   */
  constructor(
    pool: PostgresPoolLike,
    place: string,
    limits: ConnectionLimits,
    closePool?: () => Promise<unknown>,
    readonly isReadOnly = false,
  ) {
    this.#pool = pool;
    this.place = place;
    this.#limits = limits;
    this.#closePool = closePool;
    this.#db = kyselyOver(() => this.connect());
  }

  /** A connection for the caller, who must release it. */
  connect(): Promise<PostgresConnection> {
    return connect(this.#pool, this.#limits);
  }

  read<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T> {
    return this.#patiently((limits) => work(this.#within(limits)));
  }

  async writeOne(statement: (db: SqlExecutor) => Compilable): Promise<number> {
    const { sql, parameters } = statement(this.#db).compile();
    return (await this.run(sql, parameters)).rowCount ?? 0;
  }

  write<T>(work: (db: SqlExecutor) => Promise<T>): Promise<T> {
    return this.#patiently((limits) => this.#within(limits).transaction().execute(work));
  }

  /** Runs one statement as its own transaction, in one round trip. */
  run(text: string, values: readonly unknown[], repetition?: Repetition): Promise<PostgresResult> {
    return this.#patiently(
      (limits) => this.#withConnection(limits, (connection) => connection.query(text, values)),
      repetition,
    );
  }

  /** Runs one statement while no other call with this `lock` (by `lockNumber`) does, so that it sees their effects. */
  runAlone(
    lock: bigint,
    text: string,
    values: readonly unknown[],
    repetition?: Repetition,
  ): Promise<PostgresResult> {
    return this.#patiently(
      (limits) =>
        this.#withConnection(limits, async (connection) => {
          // A statement sees only effects from before it began, so the lock is taken by a statement of its own.
          await connection.query(`begin; select pg_advisory_xact_lock(${lock})`);
          try {
            const result = await connection.query(text, values);
            await connection.query('commit');
            return result;
          } catch (error) {
            await connection.query('rollback').catch(() => undefined);
            throw error;
          }
        }),
      repetition,
    );
  }

  async identity(): Promise<string> {
    this.#identity ??= await this.read(async (db) => {
      const row = await db.selectFrom('selvage_identity').select('identity').executeTakeFirstOrThrow();
      return row.identity;
    });
    return this.#identity;
  }

  /** Registers a function by which users of separate connections release them before the pool is closed. */
  beforeClose(end: () => Promise<void>): void {
    this.#beforeClose.add(end);
  }

  /** Closes the pool if Selvage made it. A second call of `close` does nothing. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#closePool === undefined) return;
    await Promise.all([...this.#beforeClose].map((end) => end()));
    await this.#closePool();
  }

  #within(limits: ConnectionLimits): SqlExecutor {
    return limits === this.#limits ? this.#db : kyselyOver(() => connect(this.#pool, limits));
  }

  async #withConnection<T>(
    limits: ConnectionLimits,
    work: (connection: PostgresConnection) => Promise<T>,
  ): Promise<T> {
    const connection = await connect(this.#pool, limits);
    try {
      return await work(connection);
    } finally {
      connection.release();
    }
  }

  /** Repeats work if that may help, within one time limit for all tries. */
  async #patiently<T>(
    work: (limits: ConnectionLimits) => Promise<T>,
    { once = false }: Repetition = {},
  ): Promise<T> {
    const giveUpAt = performance.now() + this.#limits.queryTimeoutMs;
    let limits = this.#limits;
    let losses = 0;
    for (let conflicts = 0; ;) {
      try {
        return await work(limits);
      } catch (error) {
        const left = Math.ceil(giveUpAt - performance.now());
        if (left > 0 && isLost(error) && !once && losses === 0) losses += 1;
        else if (left > 0 && isConflict(error) && conflicts < MAXIMUM_CONFLICTS) {
          await delay(backOff(BACK_OFF, conflicts++, Math.random()));
        } else throw selvageErrorOf(error, this.place);
        limits = { ...this.#limits, queryTimeoutMs: left };
      }
    }
  }
}

function kyselyOver(take: () => Promise<PostgresConnection>): Kysely<SqlSchema> {
  return new Kysely<SqlSchema>({
    dialect: new PostgresDialect({
      pool: {
        async connect() {
          const connection = await take();
          return {
            query: (text: string, values?: readonly unknown[]) => connection.query(text, values) as any,
            release: () => connection.release(),
          } as any;
        },
        end: async () => {},
      },
    }),
  });
}
