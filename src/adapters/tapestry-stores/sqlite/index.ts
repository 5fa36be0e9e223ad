import { setTimeout as delay } from 'node:timers/promises';
import type { Offer, Page, PageOptions, StoredPlan, SubscribableTapestryStore } from '../../../protocols';
import { pageLimit, pageOf, pageStart } from '../../shared/pages';
import { openSqliteDatabase, type SqliteDatabase, type SqliteOptions } from '../../shared/sqlite';
import { before } from '../../shared/sqlite/before';
import { subscription } from '../../shared/subscription';

/** How often a subscriber looks for offers of other processes. */
const POLL_MS = 250;

/** Plans in an SQLite database. */
export class SqliteTapestryStore implements SubscribableTapestryStore {
  readonly technology = 'sqlite';
  readonly #database: SqliteDatabase;

  /** Closing the store closes the database with it. */
  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async save({ hash, tapestry, text, savedAt }: StoredPlan): Promise<void> {
    await this.#database.write((db) =>
      db
        .insertInto('selvage_plans')
        .values({ hash, tapestry, text, saved_at: savedAt })
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async get(hash: string): Promise<StoredPlan | undefined> {
    const row = await this.#database.read((db) =>
      db.selectFrom('selvage_plans').selectAll().where('hash', '=', hash).executeTakeFirst(),
    );
    return row && planOf(row);
  }

  async list(query: PageOptions & { tapestry?: string } = {}): Promise<Page<StoredPlan>> {
    const limit = pageLimit(query);
    const start = pageStart(query);
    const rows = await this.#database.read((db) => {
      let select = db.selectFrom('selvage_plans').selectAll();
      if (query.tapestry !== undefined) select = select.where('tapestry', '=', query.tapestry);
      if (start !== undefined) select = select.where(before('saved_at', 'id', start));
      return select
        .orderBy('saved_at', 'desc')
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
    });
    return pageOf(rows, limit, (row) => ({ time: row.saved_at, sequence: row.id }), planOf);
  }

  async offer({ runId, fragment, offeredAt }: Omit<Offer, 'number'>): Promise<number> {
    const { id } = await this.#database.write((db) =>
      db
        .insertInto('selvage_offers')
        .values({ run_id: runId, offered_at: offeredAt, fragment })
        .returning('id')
        .executeTakeFirstOrThrow(),
    );
    return id;
  }

  async offers(runId: string, after = 0, limit = 100): Promise<Offer[]> {
    const rows = await this.#database.read((db) =>
      db
        .selectFrom('selvage_offers')
        .selectAll()
        .where('run_id', '=', runId)
        .where('id', '>', after)
        .orderBy('id')
        .limit(limit)
        .execute(),
    );
    return rows.map(({ id, offered_at, fragment }) => ({
      number: id,
      runId,
      fragment,
      offeredAt: offered_at,
    }));
  }

  subscribe(
    runId: string,
    options: { readonly after?: number; readonly signal: AbortSignal },
  ): AsyncIterable<Offer> {
    return subscription(
      (after, limit) => this.offers(runId, after, limit),
      (signal) => delay(POLL_MS, undefined, { signal }).catch(() => undefined),
      options,
    );
  }

  identity(): Promise<string> {
    return this.#database.identity();
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

function planOf(row: { hash: string; tapestry: string; text: string; saved_at: number }): StoredPlan {
  return { hash: row.hash, tapestry: row.tapestry, text: row.text, savedAt: row.saved_at };
}

/** Errors as of {@link openSqliteDatabase}. */
export async function createSqliteTapestryStore(options: SqliteOptions): Promise<SqliteTapestryStore> {
  return new SqliteTapestryStore(await openSqliteDatabase(options));
}
