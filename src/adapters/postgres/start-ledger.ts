import { LEDGER_ENTRY, type ClaimResult, type LedgerEntry, type StartClaim } from '../../ports';
import { NOW } from './words';
import { openPostgresDatabase, type PostgresOptions } from './open';
import type { PostgresDatabase } from './database';
import { nameOf, requireStorableKeys, resultsOf, SqlStartLedger, type StartRow } from '../sql/start-ledger';

/** A start ledger in a Postgres database, by the server's clock. */
export class PostgresStartLedger extends SqlStartLedger<PostgresDatabase> {
  readonly technology = 'postgres';

  async claim(claims: readonly StartClaim[]): Promise<ClaimResult[]> {
    if (claims.length === 0) return [];
    requireStorableKeys(claims, 'PostgreSQL');
    const columns = [
      claims.map(({ trigger }) => trigger),
      claims.map(({ key }) => key),
      claims.map(({ runId }) => runId),
      claims.map(({ requestHash }) => requestHash),
      claims.map(({ event }) => JSON.stringify(event)),
    ];
    const inserted = new Set<string>();
    const stand = new Map<string, LedgerEntry>();
    do {
      const { rows } = await this.database.run(CLAIM, columns);
      for (const row of rows as (StartRow & { readonly is_new: boolean })[]) {
        const name = nameOf(row);
        if (row.is_new) inserted.add(name);
        stand.set(name, LEDGER_ENTRY.fromRow(row));
      }
      // A concurrent entry is visible to the next statement.
    } while (claims.some((claim) => !stand.has(nameOf(claim))));
    return resultsOf(claims, inserted, stand);
  }

  async markStarted(keys: readonly Pick<StartClaim, 'trigger' | 'key'>[]): Promise<void> {
    if (keys.length === 0) return;
    requireStorableKeys(keys, 'PostgreSQL');
    await this.database.run(MARK, [keys.map(({ trigger }) => trigger), keys.map(({ key }) => key)]);
  }
}

/** Parameters: triggers, keys, run ids, hashes, events. Claims are sorted, so that processes cannot deadlock. */
const CLAIM = `
with wanted as materialized (
    select distinct on (trigger, key) trigger, key, run_id, request_hash, event
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
      with ordinality as w (trigger, key, run_id, request_hash, event, place)
    order by trigger, key, place
  ),
  known as materialized (
    select s.* from wanted as w join selvage_starts as s on s.trigger = w.trigger and s.key = w.key
  ),
  inserted as (
    insert into selvage_starts (trigger, key, run_id, request_hash, event, claimed_at)
    select w.trigger, w.key, w.run_id, w.request_hash, w.event, ${NOW} from wanted as w
    where not exists (select from known as k where k.trigger = w.trigger and k.key = w.key)
    on conflict do nothing
    returning *
  )
select *, true as is_new from inserted
union all
select *, false from known`;

const MARK = `
with wanted as (
    select s.id from selvage_starts as s
    join unnest($1::text[], $2::text[]) as w (trigger, key) on s.trigger = w.trigger and s.key = w.key
    where s.started_at is null
    order by s.id
    for update of s
  )
update selvage_starts as s set started_at = ${NOW} from wanted where s.id = wanted.id`;

/** Throws the errors of {@link openPostgresDatabase}. */
export async function createPostgresStartLedger(options: PostgresOptions): Promise<PostgresStartLedger> {
  return new PostgresStartLedger(await openPostgresDatabase(options));
}
