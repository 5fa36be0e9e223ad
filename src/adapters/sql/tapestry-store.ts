import {
  PLAN,
  type Offer,
  type Page,
  type PageOptions,
  type StoredPlan,
  type SubscribableTapestryStore,
  type SubscribeOptions,
} from '../../ports';
import { SqlAdapter } from './adapter';
import { newestPage } from './before';
import type { SqlDatabase, SqlExecutor } from './database';

/** Plans and offers in an SQL database. Subclasses write offers and notify subscribers. */
export abstract class SqlTapestryStore<D extends SqlDatabase>
  extends SqlAdapter<D>
  implements SubscribableTapestryStore
{
  async save(plan: StoredPlan): Promise<void> {
    await this.database.write((db) =>
      db
        .insertInto('selvage_plans')
        .values(PLAN.toRow(plan))
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async get(hash: string): Promise<StoredPlan | undefined> {
    const row = await this.database.read((db) =>
      db.selectFrom('selvage_plans').selectAll().where('hash', '=', hash).executeTakeFirst(),
    );
    return row && PLAN.fromRow(row);
  }

  async list(query: PageOptions & { tapestry?: string } = {}): Promise<Page<StoredPlan>> {
    return await this.database.read((db) => {
      let select = db.selectFrom('selvage_plans').selectAll();
      if (query.tapestry !== undefined) select = select.where('tapestry', '=', query.tapestry);
      return newestPage(select, 'saved_at', query, PLAN.fromRow);
    });
  }

  abstract offer(offer: Omit<Offer, 'number'>): Promise<number>;

  offers(runId: string, after = 0, limit = 100): Promise<Offer[]> {
    return this.database.read((db) => offersAfter(db, runId, after, limit));
  }

  abstract subscribe(runId: string, options: SubscribeOptions): AsyncIterable<Offer>;
}

async function offersAfter(db: SqlExecutor, runId: string, after: number, limit: number): Promise<Offer[]> {
  const rows = await db
    .selectFrom('selvage_offers')
    .selectAll()
    .where('run_id', '=', runId)
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id, offered_at, fragment }) => ({ number: id, runId, fragment, offeredAt: offered_at }));
}
