import { NOW } from './words';

const WITH_CLOCK = `clock as materialized (select ${NOW} as now)`;

/**
 * Parameters: key, owner, token, holder, time to live, limit. The statement must run alone for its key. If the clock
 * was set back, no lease lasts longer than its time to live from now. Returns one row, or a row for each holder, the
 * longest first.
 */
export const ACQUIRE = `
with ${WITH_CLOCK},
  held as materialized (
    select owner, holder, since, least(expires_at, now + ttl) as expires_at
    from selvage_leases, clock
    where key = $1 and expires_at > now
  ),
  answer as materialized (
    select now, count(held.owner) < $6::int or coalesce(bool_or(held.owner = $2), false) as granted
    from clock left join held on true
    group by now
  ),
  gone as (
    delete from selvage_leases using clock where key = $1 and owner <> $2 and expires_at <= now
  ),
  put_right as (
    update selvage_leases set expires_at = now + ttl
    from clock
    where key = $1 and owner <> $2 and expires_at > now + ttl
  ),
  taken as (
    insert into selvage_leases (key, owner, token, holder, since, ttl, expires_at)
    select $1, $2, $3, $4, now, $5::float8, now + $5::float8 from answer where granted
    on conflict (key, owner) do update set
      token = excluded.token,
      holder = excluded.holder,
      ttl = excluded.ttl,
      expires_at = excluded.expires_at,
      since = case when selvage_leases.expires_at > excluded.since then selvage_leases.since else excluded.since end
  )
select granted, owner, holder, greatest(0, now - since) as held_for, expires_at - now as left_for
from answer left join held on not granted
order by since, owner`;

/** Renews leases, with the parameters keys, owners, tokens, time to live. Returns the renewed leases. */
export const RENEW = `
with ${WITH_CLOCK},
  wanted as (
    select l.key, l.owner from selvage_leases as l
    join unnest($1::text[], $2::text[], $3::text[]) as w (key, owner, token)
      on l.key = w.key and l.owner = w.owner and l.token = w.token
    order by l.key, l.owner
    for update of l
  )
update selvage_leases as l set ttl = $4, expires_at = now + $4
from clock, wanted
where l.key = wanted.key and l.owner = wanted.owner
returning l.key, l.owner, l.token`;

/** Releases leases, with the parameters keys, owners, tokens. */
export const RELEASE = `
delete from selvage_leases as l using unnest($1::text[], $2::text[], $3::text[]) as w (key, owner, token)
where l.key = w.key and l.owner = w.owner and l.token = w.token`;

/** Parameter: key. */
export const HOLDERS = `
with ${WITH_CLOCK}
select owner, holder, greatest(0, now - since) as held_for
from selvage_leases, clock
where key = $1 and expires_at > now
order by since, owner`;

/** Parameters: key, interval, within. The key must be locked. A clock set back puts no turn further off. */
export const TAKE_TURN = `
with ${WITH_CLOCK},
  turn as materialized (
    select now, greatest(now, (select least(next_at, now + ahead) from selvage_turns where key = $1)) as at
    from clock
  ),
  taken as (
    insert into selvage_turns (key, next_at, ahead)
    select $1, at + $2::float8, at + $2::float8 - now from turn where ceil(at - now) <= $3::float8
    on conflict (key) do update set next_at = excluded.next_at, ahead = excluded.ahead
    returning 1
  )
select ceil(at - now) as wait, exists (select 1 from taken) as granted from turn`;
