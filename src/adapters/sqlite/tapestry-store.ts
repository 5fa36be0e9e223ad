import type { Offer, SubscribeOptions } from '../../ports';
import { pause } from '../../ports/parts/pause';
import { SqlTapestryStore } from '../sql/tapestry-store';
import { openSqliteDatabase, type SqliteOptions } from './open';
import type { SqliteDatabase } from './database';
import { subscription } from '../../ports/parts/subscription';

/** The time between polls for offers of other processes. */
const POLL_MS = 250;

/** Plans in an SQLite database. */
export class SqliteTapestryStore extends SqlTapestryStore<SqliteDatabase> {
  readonly technology = 'sqlite';

  async offer({ runId, fragment, offeredAt }: Omit<Offer, 'number'>): Promise<number> {
    const { id } = await this.database.write((db) =>
      db
        .insertInto('selvage_offers')
        .values({ run_id: runId, offered_at: offeredAt, fragment })
        .returning('id')
        .executeTakeFirstOrThrow(),
    );
    return id;
  }

  subscribe(runId: string, options: SubscribeOptions): AsyncIterable<Offer> {
    return subscription(
      (after, limit) => this.offers(runId, after, limit),
      (signal) => pause(POLL_MS, signal),
      options,
    );
  }
}

/** Throws the errors of {@link openSqliteDatabase}. */
export async function createSqliteTapestryStore(options: SqliteOptions): Promise<SqliteTapestryStore> {
  return new SqliteTapestryStore(await openSqliteDatabase(options));
}
