import { SelvageError } from '../../errors';
import type { DuckDbConnectionLike, DuckDbInstanceLike, DuckDbValue } from './client';
import type { Row } from './columns';
import { isFatal, selvageErrorOf } from './errors';
import { VIEWS } from './schema';
import { inTransaction } from './transaction';

/** At most this many queries run at once; other queries wait for their turn. */
const READERS = 3;

interface DuckDbDatabaseOptions {
  /** The file's name in errors. */
  readonly place: string;
  /** Opens the database; called again after an error made DuckDB give the database up. */
  open(): Promise<DuckDbInstanceLike>;
  /** Creates tables and views on the connection that later writes, outside of a transaction. */
  prepare(connection: DuckDbConnectionLike): Promise<void>;
  /** Whether closing the database closes the instance. */
  readonly owned: boolean;
  /** Called once, when the database is closed. */
  release?(): void;
}

/** An open database: one connection writes, some read. */
class Session {
  readonly #readers: DuckDbConnectionLike[] = [];
  readonly #idle: DuckDbConnectionLike[] = [];
  readonly #waiting: ((reader: DuckDbConnectionLike) => void)[] = [];
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(
    readonly instance: DuckDbInstanceLike,
    readonly writer: DuckDbConnectionLike,
  ) {}

  /** Runs `work` with the session, which is not closed before the work is done. */
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

  async close(owned: boolean): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    // `closeSync` would checkpoint, too, but block the event loop. After an error, the next opening checkpoints.
    await this.writer.runAndReadAll('checkpoint').catch(() => undefined);
    for (const connection of [...this.#readers, this.writer]) connection.closeSync();
    if (owned) this.instance.closeSync();
  }
}

/** Writes run one at a time, because DuckDB refuses one of two that conflict; reads see what was committed before. */
export class DuckDbDatabase {
  #session: Promise<Session> | undefined;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  /** The session that was handed out last. */
  #given: Session | undefined;

  constructor(private readonly options: DuckDbDatabaseOptions) {}

  get place(): string {
    return this.options.place;
  }

  /** Opens the database unless it is open. */
  async open(): Promise<void> {
    await this.#opened('open');
  }

  /** The rows of a statement; of the last one if `sql` has several. */
  query(sql: string, values: DuckDbValue[] = []): Promise<Row[]> {
    return this.#inSession((session) =>
      session.read(async (reader) => (await reader.runAndReadAll(sql, values)).getRowObjectsJS()),
    );
  }

  /** Runs `work` in one transaction, which is durable when the promise resolves, and rolled back if `work` throws. */
  write<T>(work: (writer: DuckDbConnectionLike) => Promise<T>): Promise<T> {
    const turn = this.#lastWrite.then(() =>
      this.#inSession(({ writer }) => inTransaction(writer, () => work(writer))),
    );
    this.#lastWrite = turn.catch(() => undefined);
    return turn;
  }

  /** Closes the database after the work in progress; work that has not begun is refused. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#lastWrite;
      const session = await this.#session?.catch(() => undefined);
      await session?.close(this.options.owned);
    } finally {
      this.options.release?.();
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
      instance = await this.options.open();
      const session = new Session(instance, await instance.connect());
      await this.options.prepare(session.writer);
      return session;
    } catch (error) {
      if (this.options.owned) instance?.closeSync();
      throw selvageErrorOf(error, this.place, activity);
    }
  }

  /** DuckDB has given the database up: further calls get a new session. */
  #openAgain(session: Session): void {
    if (this.#isClosed || this.#given === session) return;
    this.#given = session;
    this.#session = session
      .close(this.options.owned)
      .catch(() => undefined)
      .then(() => this.#openSession('use'))
      .catch((error: unknown) => {
        this.#session = undefined;
        throw error;
      });
    // The error of this opening is ignored here, because the next caller gets it.
    this.#session.catch(() => undefined);
  }

  #requireOpen(): void {
    if (!this.#isClosed) return;
    throw new SelvageError('BackendUnavailable', `The run history ${this.place} is closed.`, {
      details: { file: this.place },
    });
  }
}
