import type { Migrations } from '../sql/migrations';

/**
 * Times are whole milliseconds. A table `without rowid` is the tree of its key: for scattered keys such as hashes, one
 * page to write instead of two. The lineage index is a table, so that it can be brought up to date outside of commits.
 */
const TABLES = `
create table selvage_identity (
  identity text not null
);
insert into selvage_identity (identity) values (lower(hex(randomblob(16))));

create table selvage_plans (
  id integer primary key,
  hash text not null unique,
  tapestry text not null,
  text text not null,
  saved_at integer not null
);
create index selvage_plans_by_tapestry_saved_at on selvage_plans (tapestry, saved_at);
create index selvage_plans_by_saved_at on selvage_plans (saved_at);

create table selvage_offers (
  id integer primary key,
  run_id text not null,
  offered_at integer not null,
  fragment text not null
);
create index selvage_offers_by_run_id on selvage_offers (run_id);

create table selvage_runs (
  id integer primary key,
  run_id text not null,
  temporal_run_id text not null unique,
  tapestry text not null,
  plan_hash text not null,
  parameter_hashes text not null,
  terminals text not null,
  status text not null,
  actor text,
  trigger text,
  trigger_key text,
  partition text,
  tags text not null,
  vcs_commit text,
  parent_run_id text,
  started_at integer not null,
  finished_at integer,
  details text not null,
  started_change integer not null,
  ended_change integer
);
create index selvage_runs_by_started_at on selvage_runs (started_at);
create index selvage_runs_by_run_id_started_at on selvage_runs (run_id, started_at);
create index selvage_runs_by_tapestry_started_at on selvage_runs (tapestry, started_at);
create index selvage_runs_by_status_started_at on selvage_runs (status, started_at);
create index selvage_runs_by_actor_started_at on selvage_runs (actor, started_at);
create index selvage_runs_by_trigger_started_at on selvage_runs (trigger, started_at);
create index selvage_runs_by_partition on selvage_runs (tapestry, partition, started_at, status) where partition is not null;

create index selvage_runs_by_started_change on selvage_runs (started_change);
create index selvage_runs_by_ended_change on selvage_runs (ended_change) where ended_change is not null;

create table selvage_run_tags (
  tag text not null,
  started_at integer not null,
  run integer not null,
  primary key (tag, started_at, run)
) without rowid;

-- Each number of this sequence is one change: a record, or the start or end of a run.
create table selvage_lineage (
  id integer primary key autoincrement,
  run_id text not null,
  temporal_run_id text not null,
  knot_id text not null,
  definition text not null,
  definition_version text,
  code_hash text,
  knot_config_hash text not null,
  parent_input_hashes text not null,
  constant_input_hashes text not null,
  parent_knot_ids text not null,
  output_hash text,
  output_size integer,
  outcome text not null,
  skip_reason text,
  error_record_id text,
  cached_from_run text,
  cache_key text,
  dispatcher text not null,
  task_queue text,
  worker text,
  attempt integer not null,
  scheduled_at integer not null,
  started_at integer not null,
  finished_at integer not null,
  extra text not null,
  unique (temporal_run_id, knot_id)
);
insert into sqlite_sequence (name, seq) values ('selvage_lineage', 0);
-- Values that were made, by what they were made of. A value that was taken over leads to the knot that made it.
create index selvage_lineage_by_cache_key_finished_at on selvage_lineage (cache_key, finished_at)
  where cache_key is not null and outcome = 'ok' and cached_from_run is null;
-- Whole tracebacks, and fragments by which bodies have extended their runs.
create index selvage_lineage_by_mentioned_value on selvage_lineage
  (coalesce(json_extract(extra, '$.extension'), json_extract(extra, '$.error.traceback_hash')))
  where extra <> '{}'
    and coalesce(json_extract(extra, '$.extension'), json_extract(extra, '$.error.traceback_hash')) is not null;
create index selvage_lineage_by_log on selvage_lineage (json_extract(extra, '$.log.hash'))
  where extra <> '{}' and json_extract(extra, '$.log.hash') is not null;

create table selvage_lineage_index (
  key text not null,
  role integer not null,
  finished_at integer not null,
  lineage integer not null,
  primary key (key, role, finished_at, lineage)
) without rowid;
create table selvage_lineage_indexed (
  through integer not null
);
insert into selvage_lineage_indexed (through) values (0);

create table selvage_lineage_figures (
  block integer primary key,
  first_at integer not null,
  last_at integer not null,
  names text not null,
  figures blob not null
);

create table selvage_values (
  hash text not null primary key,
  size integer not null,
  media_type text,
  upload text,
  bytes blob,
  last_put_at integer not null
) without rowid;
create table selvage_value_chunks (
  upload text not null,
  sequence integer not null,
  bytes blob not null,
  primary key (upload, sequence)
) without rowid;
create table selvage_uploads (
  upload text not null primary key,
  touched_at integer not null
);

create table selvage_leases (
  key text not null,
  owner text not null,
  token text not null,
  holder text not null,
  since integer not null,
  ttl integer not null,
  expires_at integer not null,
  primary key (key, owner)
) without rowid;
create table selvage_turns (
  key text not null primary key,
  next_at real not null,
  ahead real not null
);

create table selvage_starts (
  id integer primary key,
  trigger text not null,
  key text not null,
  run_id text not null,
  request_hash text,
  event text not null,
  claimed_at integer not null,
  started_at integer,
  unique (trigger, key)
);
create index selvage_starts_by_claimed_at on selvage_starts (claimed_at);
create index selvage_starts_by_trigger_claimed_at on selvage_starts (trigger, claimed_at);

create table selvage_emitters (
  name text not null primary key,
  version integer not null,
  position text,
  position_at integer,
  delivered integer not null,
  delivered_at integer,
  failures integer not null,
  failing_since integer,
  last_error text,
  retry_at integer,
  disabled_at integer,
  disabled_because text,
  rewound_at integer,
  created_at integer not null
);
create table selvage_dead_letters (
  id integer primary key,
  emitter text not null,
  event_id text not null,
  change text not null,
  reason text not null,
  at integer not null,
  redriven_at integer,
  unique (emitter, event_id)
);

create table selvage_steps_back (
  id integer primary key,
  noticed_at integer not null,
  lost_after integer not null,
  lost_until integer not null,
  noticed_by text not null
);
`;

export const MIGRATIONS: Migrations = { '0001-schema-f': TABLES };
