import type { Migrations } from '../sql/migrations';

/**
 * Times are `double precision`, like JavaScript's numbers. Compared text has byte order (`collate "C"`): names and
 * hashes have no language, and a new version of the system's collations would damage their indexes.
 */
const TABLES = `
-- xids_before: what is added to the number of a transaction, so that those of another server which these tables have come from are lower.
create table selvage_identity (
  identity text not null,
  xids_before bigint not null default 0
);
insert into selvage_identity (identity) values (replace(gen_random_uuid()::text, '-', ''));

create table selvage_plans (
  id bigint generated always as identity primary key,
  hash text collate "C" not null unique,
  tapestry text collate "C" not null,
  text text not null,
  saved_at double precision not null
);
create index selvage_plans_by_tapestry on selvage_plans (tapestry, saved_at, id);
create index selvage_plans_by_saved_at on selvage_plans (saved_at, id);

create table selvage_offers (
  id bigint generated always as identity primary key,
  run_id text collate "C" not null,
  offered_at double precision not null,
  fragment text not null
);
create index selvage_offers_by_run_id on selvage_offers (run_id, id);

create table selvage_runs (
  id bigint generated always as identity primary key,
  run_id text collate "C" not null,
  temporal_run_id text collate "C" not null unique,
  tapestry text collate "C" not null,
  plan_hash text collate "C" not null,
  parameter_hashes text not null,
  terminals text not null,
  status text collate "C" not null,
  actor text collate "C",
  trigger text collate "C",
  trigger_key text collate "C",
  partition text collate "C",
  tags text not null,
  vcs_commit text,
  parent_run_id text collate "C",
  started_at double precision not null,
  finished_at double precision,
  details text not null,
  started_change bigint not null,
  ended_change bigint
);
create index selvage_runs_by_started_at on selvage_runs (started_at, id);
create index selvage_runs_by_run_id on selvage_runs (run_id, started_at, id);
create index selvage_runs_by_tapestry on selvage_runs (tapestry, started_at, id);
create index selvage_runs_by_status on selvage_runs (status, started_at, id);
create index selvage_runs_by_actor on selvage_runs (actor, started_at, id);
create index selvage_runs_by_trigger on selvage_runs (trigger, started_at, id);
create index selvage_runs_by_partition on selvage_runs (tapestry, partition, started_at, status) where partition is not null;

create index selvage_runs_by_started_change on selvage_runs (started_change);
create index selvage_runs_by_ended_change on selvage_runs (ended_change) where ended_change is not null;

create table selvage_run_tags (
  tag text collate "C" not null,
  started_at double precision not null,
  run bigint not null,
  primary key (tag, started_at, run)
);

create table selvage_lineage (
  id bigint generated always as identity primary key,
  run_id text collate "C" not null,
  temporal_run_id text collate "C" not null,
  knot_id text collate "C" not null,
  definition text collate "C" not null,
  definition_version text,
  code_hash text collate "C",
  knot_config_hash text collate "C" not null,
  parent_input_hashes text not null,
  constant_input_hashes text not null,
  parent_knot_ids text not null,
  output_hash text collate "C",
  output_size bigint,
  outcome text collate "C" not null,
  skip_reason text,
  error_record_id text,
  cached_from_run text,
  cache_key text collate "C",
  dispatcher text not null,
  task_queue text,
  worker text,
  attempt integer not null,
  scheduled_at double precision not null,
  started_at double precision not null,
  finished_at double precision not null,
  extra text not null,
  change bigint not null,
  -- Of a value that was reused: milliseconds that making it took. The JSON in extra may have escapes that Postgres refuses.
  made_in double precision generated always as (
    case when cached_from_run is not null then coalesce(substring(extra from '"made_in":([0-9.eE+-]+)')::double precision, 0) end
  ) stored,
  unique (temporal_run_id, knot_id)
);
create index selvage_lineage_by_change on selvage_lineage (change, id);
-- Statistics read nothing but this.
create index selvage_lineage_by_finished_at on selvage_lineage (finished_at, id)
  include (definition, knot_id, outcome, output_size, scheduled_at, started_at, made_in);
create index selvage_lineage_by_run_id on selvage_lineage (run_id, finished_at, id);
create index selvage_lineage_by_knot_id on selvage_lineage (knot_id, finished_at, id);
create index selvage_lineage_by_definition on selvage_lineage (definition, finished_at, id);
create index selvage_lineage_by_output_hash on selvage_lineage (output_hash, finished_at, id)
  where output_hash is not null;
create index selvage_lineage_failures on selvage_lineage (outcome, finished_at, id) where outcome <> 'ok';
create index selvage_lineage_by_cache_key on selvage_lineage (cache_key, finished_at, id)
  where cache_key is not null and outcome = 'ok' and cached_from_run is null;

create table selvage_lineage_index (
  key text collate "C" not null,
  role smallint not null,
  finished_at double precision not null,
  lineage bigint not null,
  primary key (key, role, finished_at, lineage)
);

create table selvage_values (
  hash text collate "C" primary key,
  size bigint not null,
  media_type text,
  upload text collate "C",
  bytes bytea,
  last_put_at double precision not null
);
create table selvage_value_chunks (
  upload text collate "C" not null,
  sequence integer not null,
  bytes bytea not null,
  primary key (upload, sequence)
);
create table selvage_uploads (
  upload text collate "C" primary key,
  touched_at double precision not null
);

create table selvage_leases (
  key text collate "C" not null,
  owner text collate "C" not null,
  token text not null,
  holder text not null,
  since double precision not null,
  ttl double precision not null,
  expires_at double precision not null,
  primary key (key, owner)
);
create table selvage_turns (
  key text collate "C" primary key,
  next_at double precision not null,
  ahead double precision not null
);

-- Room in the pages: each commit updates a row.
create table selvage_starts (
  id bigint generated always as identity primary key,
  trigger text collate "C" not null,
  key text collate "C" not null,
  run_id text collate "C" not null,
  request_hash text collate "C",
  event text not null,
  claimed_at double precision not null,
  started_at double precision,
  unique (trigger, key)
);
create index selvage_starts_by_claimed_at on selvage_starts (claimed_at, id);
create index selvage_starts_by_trigger on selvage_starts (trigger, claimed_at, id);

create table selvage_emitters (
  name text collate "C" primary key,
  version bigint not null,
  position text,
  position_at double precision,
  delivered bigint not null,
  delivered_at double precision,
  failures integer not null,
  failing_since double precision,
  last_error text,
  retry_at double precision,
  disabled_at double precision,
  disabled_because text,
  rewound_at double precision,
  created_at double precision not null
) with (fillfactor = 10);
create table selvage_dead_letters (
  id bigint generated always as identity primary key,
  emitter text collate "C" not null,
  event_id text collate "C" not null,
  change text not null,
  reason text not null,
  at double precision not null,
  redriven_at double precision,
  unique (emitter, event_id)
);

-- What has become durable, as an outbox with the columns that Debezium's EventRouter expects, and two more to read it by: all rows of a
-- change become visible at once, and none with a lower number comes later: what is older than its run comes with it, and so does the end of
-- one that was over when it was put on record. Rows go only when their run is removed.
create view selvage_outbox as
with seen as materialized (
  select pg_snapshot_xmin(snapshot)::text::bigint + xids_before as until
  from pg_current_snapshot() as snapshot, selvage_identity limit 1
)
select md5(event)::uuid as id, aggregatetype::varchar(255), aggregateid::varchar(255), type::varchar(255), payload, change, to_timestamp(at / 1000) as at
from (
  select temporal_run_id || '/started' as event, 'run' as aggregatetype, run_id as aggregateid, 'dev.selvage.run.started' as type,
    jsonb_build_object('run_id', run_id, 'temporal_run_id', temporal_run_id, 'tapestry', tapestry, 'actor', actor, 'trigger', trigger,
      'partition', partition, 'tags', tags::jsonb, 'parent_run_id', parent_run_id, 'started_at', started_at) as payload,
    started_change as change, started_at as at
  from selvage_runs
  union all
  select l.temporal_run_id || '/' || l.knot_id || '/finished', 'run', l.run_id, 'dev.selvage.knot.finished',
    jsonb_build_object('run_id', l.run_id, 'temporal_run_id', l.temporal_run_id, 'tapestry', of.tapestry, 'knot_id', l.knot_id,
      'definition', l.definition, 'outcome', l.outcome, 'skip_reason', l.skip_reason, 'output_hash', l.output_hash,
      'cached_from_run', l.cached_from_run, 'attempt', l.attempt, 'started_at', l.started_at, 'finished_at', l.finished_at,
      'error', l.extra::jsonb -> 'error'),
    of.change, l.finished_at
  from (
    select l.id, r.tapestry, l.change from selvage_lineage as l join selvage_runs as r on r.temporal_run_id = l.temporal_run_id
      where l.change > r.started_change
    union all
    select l.id, r.tapestry, r.started_change from selvage_lineage as l join selvage_runs as r on r.temporal_run_id = l.temporal_run_id
      where l.change <= r.started_change
  ) as of join selvage_lineage as l on l.id = of.id
  union all
  select temporal_run_id || '/ended/' || status, 'run', run_id, 'dev.selvage.run.ended',
    jsonb_build_object('run_id', run_id, 'temporal_run_id', temporal_run_id, 'tapestry', tapestry, 'status', status,
      'started_at', started_at, 'finished_at', finished_at, 'error', details::jsonb -> 'error'),
    ended_change, finished_at
  from selvage_runs where ended_change is not null
  union all
  select temporal_run_id || '/ended/' || status, 'run', run_id, 'dev.selvage.run.ended',
    jsonb_build_object('run_id', run_id, 'temporal_run_id', temporal_run_id, 'tapestry', tapestry, 'status', status,
      'started_at', started_at, 'finished_at', finished_at, 'error', details::jsonb -> 'error'),
    started_change, finished_at
  from selvage_runs where ended_change is null and status <> 'running'
) as events
where change < (select until from seen);

create table selvage_writers (
  writer text collate "C" primary key,
  process text not null,
  commits bigint not null,
  committed_at double precision not null
) with (fillfactor = 10);
create table selvage_steps_back (
  id bigint generated always as identity primary key,
  noticed_at double precision not null,
  lost_after double precision not null,
  lost_until double precision not null,
  noticed_by text not null
);
`;

export const MIGRATIONS: Migrations = { '0001-schema-f': TABLES };
