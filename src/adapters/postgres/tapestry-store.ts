import type { Offer, SubscribeOptions } from '../../ports';
import { openPostgresDatabase, type PostgresOptions } from './open';
import type { PostgresDatabase } from './database';
import { lockNumber } from './lock-number';
import { SqlTapestryStore } from '../sql/tapestry-store';
import { OFFER_CHANNEL, OfferListener } from './offer-listener';

/**
 * Makes an offer. Parameters: lock number, run id, time, fragment. The lock makes the offers to a run visible in the
 * order of their numbers, so a reader never passes one. Listeners are notified when the offer is visible.
 */
const OFFER = `
with alone as materialized (select pg_advisory_xact_lock($1::bigint)),
  kept as (
    insert into selvage_offers (run_id, offered_at, fragment)
    select $2, $3::float8, $4 from alone
    returning id, run_id
  )
select id, pg_notify('${OFFER_CHANNEL}', run_id) as told from kept`;

/** Plans in a Postgres database. While anybody subscribes, a connection listens for notifications of offers. */
export class PostgresTapestryStore extends SqlTapestryStore<PostgresDatabase> {
  readonly technology = 'postgres';
  readonly #listener = new OfferListener(this.database);

  async offer({ runId, fragment, offeredAt }: Omit<Offer, 'number'>): Promise<number> {
    const { rows } = await this.database.run(
      OFFER,
      [lockNumber('offer', runId).toString(), runId, offeredAt, fragment],
      // Repeating the statement would make two offers.
      { once: true },
    );
    return rows[0].id;
  }

  subscribe(runId: string, options: SubscribeOptions): AsyncIterable<Offer> {
    return this.#listener.subscribe(runId, (after, limit) => this.offers(runId, after, limit), options);
  }

  override async close(): Promise<void> {
    await this.#listener.close();
    await super.close();
  }
}

/** Throws the errors of {@link openPostgresDatabase}. */
export async function createPostgresTapestryStore(options: PostgresOptions): Promise<PostgresTapestryStore> {
  return new PostgresTapestryStore(await openPostgresDatabase(options));
}
