import { SelvageError } from '../../../errors';
import type { DuckDbConnectionLike, DuckDbInstanceLike, DuckDbValue } from './client';
import type { Row } from './columns';
import { isFatal, selvageErrorOf } from './errors';
import { VIEWS } from './schema';

/** Queries that run side by side; more wait for their turn. */
const READERS = 3;

export interface DuckDbDatabaseOptions {
  /** What errors call it: a file. */
  readonly place: string;
  /** Opens the database; called again where DuckDB has given it up after an error. */
  open(): Promise<DuckDbInstanceLike>;
  /** Makes tables and views on the connection that later writes; the connection is in no transaction. */
  prepare(connection: DuckDbConnectionLike): Promise<void>;
  /** Closing the database closes the instance. */
  readonly owned: boolean;
  /** Called once, when it is closed. */
  release?(): void;
}

/** An open database: one connection writes, some read. */
export class Session {
  readonly instance: DuckDbInstanceLike;
  readonly writer: DuckDbConnectionLike;
  readonly #readers: DuckDbConnectionLike[] = [];
  readonly #idle: DuckDbConnectionLike[] = [];
  readonly #waiting: ((reader: DuckDbConnectionLike) => void)[] = [];
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(instance: DuckDbInstanceLike, writer: DuckDbConnectionLike) {
    this.instance = instance;
    this.writer = writer;
  }

  /** Does work with the session, which is not closed before the work is done. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    const promise = work();
    this.#underWay.add(promise);
    try {
      return await promise;
    } finally {
      this.#underWay.delete(promise);
    }
  }

  async read<T>(work: (reader: DuckDbConnectionLike) => Promise<T>): Promise<T> {
    const reader = await this.#take();
    try {
      return await work(reader);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(reader);
      else this.#idle.push(reader);
    }
  }

  async #take(): Promise<DuckDbConnectionLike> {
    const idle = this.#idle.pop();
    if (idle) return idle;
    if (this.#readers.length >= READERS) return new Promise((resolve) => this.#waiting.push(resolve));
    const reader = await this.instance.connect();
    this.#readers.push(reader);
    await reader.runAndReadAll(VIEWS);
    return reader;
  }

  /** Waits for what is under way. */
  async close(owned: boolean): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    // Here and not in `closeSync`, where it would hold up the event loop. Not worth an error: the next opening does it.
    await this.writer.runAndReadAll('checkpoint').catch(() => undefined);
    for (const connection of [...this.#readers, this.writer]) connection.closeSync();
    if (owned) this.instance.closeSync();
  }
}

/** A DuckDB database. Writes take turns, as DuckDB would refuse one of two that meet; reads see what was committed before. */
export class DuckDbDatabase {
  readonly #options: DuckDbDatabaseOptions;
  #session: Promise<Session> | undefined;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  /** The session that was given up last. */
  #given: Session | undefined;

  constructor(options: DuckDbDatabaseOptions) {
    this.#options = options;
  }

  get place(): string {
    return this.#options.place;
  }

  /** Opens it, if it is not. */
  async open(): Promise<void> {
    await this.#opened('open');
  }

  /** Rows of one statement, or of the last of several. */
  query(sql: string, values: DuckDbValue[] = []): Promise<Row[]> {
    return this.#inSession((session) =>
      session.read(async (reader) => (await reader.runAndReadAll(sql, values)).getRowObjectsJS()),
    );
  }

  /**
   * Does the work in one transaction, which is durable when this returns, and rolled back when the work throws.
   *
   * @param settle hears before the next transaction begins whether this one was committed
   */
  write<T>(
    work: (session: Session) => Promise<T>,
    settle: (isCommitted: boolean) => void = () => {},
  ): Promise<T> {
    const turn = this.#lastWrite.then(() =>
      this.#inSession((session) => inTransaction(session, work, settle)),
    );
    this.#lastWrite = turn.catch(() => undefined);
    return turn;
  }

  /** Waits for what is under way; what has not begun is refused. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#lastWrite;
      const session = await this.#session?.catch(() => undefined);
      await session?.close(this.#options.owned);
    } finally {
      this.#options.release?.();
    }
  }

  async #inSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    this.#requireOpen();
    const session = await this.#opened('use');
    try {
      return await session.use(() => work(session));
    } catch (error) {
      if (isFatal(error)) this.#openAgain(session);
      throw selvageErrorOf(error, this.place, 'use');
    }
  }

  #opened(activity: 'open' | 'use'): Promise<Session> {
    this.#session ??= this.#openSession(activity).catch((error: unknown) => {
      this.#session = undefined;
      throw error;
    });
    return this.#session;
  }

  async #openSession(activity: 'open' | 'use'): Promise<Session> {
    let instance: DuckDbInstanceLike | undefined;
    try {
      instance = await this.#options.open();
      const session = new Session(instance, await instance.connect());
      await this.#options.prepare(session.writer);
      return session;
    } catch (error) {
      if (this.#options.owned) instance?.closeSync();
      throw selvageErrorOf(error, this.place, activity);
    }
  }

  /** DuckDB has given the database up: what is asked from now on gets a session of its own. */
  #openAgain(session: Session): void {
    if (this.#isClosed || this.#given === session) return;
    this.#given = session;
    this.#session = session
      .close(this.#options.owned)
      .catch(() => undefined)
      .then(() => this.#openSession('use'))
      .catch((error: unknown) => {
        this.#session = undefined;
        throw error;
      });
    // Whoever asks next hears of it.
    this.#session.catch(() => undefined);
  }

  #requireOpen(): void {
    if (!this.#isClosed) return;
    throw new SelvageError('BackendUnavailable', `The run history ${this.place} is closed.`, {
      details: { file: this.place },
    });
  }
}

async function inTransaction<T>(
  session: Session,
  work: (session: Session) => Promise<T>,
  settle: (isCommitted: boolean) => void,
): Promise<T> {
  await session.writer.runAndReadAll('begin');
  try {
    const result = await work(session);
    await session.writer.runAndReadAll('commit');
    settle(true);
    return result;
  } catch (error) {
    settle(false);
    await session.writer.runAndReadAll('rollback').catch(() => undefined);
    throw error;
  }
}
