import type { HistoryChange } from '../../ports';
import { CHANGES_AT_ONCE, notAPosition, positionWentBack } from '../../ports/parts/changes';
import type { PostgresDatabase } from './database';
import { changeOf, type ChangeRow } from '../sql/changes';

/*
 * Changes are ordered by transaction number, and read only below the lowest number in progress, so a late commit has a
 * number that no reader has passed. Ids and times would not order changes: a transaction may take its id earlier and
 * commit later. Any writing transaction on the server that stays open therefore holds up reading, but not commits.
 *
 * 1. A transaction starts a run, ends a run, or commits records: so its number and the record's id identify a change.
 * 2. Tables copied to another server (`pg_dump`) may have higher numbers; `xids_before` is added to the server's own.
 */

/** A transaction number, a record id, and the record's time, which differs if the database was restored and went on. */
const POSITION = /^(\d{1,16})_(\d{1,16})_(-?\d+(?:\.\d+)?)$/;

/** Numbers in place of a record's id: before and after all records of a transaction. */
const START = 0;
const END = Number.MAX_SAFE_INTEGER;

/**
 * With the limit, a planner without statistics expects one row; for thousands of rows, it would compile the query for
 * seconds. `until` is a number below which all transactions are over. `next` is the number that no transaction has yet.
 */
const SEEN = `
  seen as (
    select pg_snapshot_xmin(snapshot)::text::bigint + xids_before as until,
      pg_snapshot_xmax(snapshot)::text::bigint + xids_before as next
    from pg_current_snapshot() as snapshot, selvage_identity limit 1
  )`;

/** The statement takes a number and an id; it returns one row without a change if there is none. */
const BEHIND = `
  with ${SEEN},
  behind as (
    (select change, id, 'knot-finished' as kind, run_id, temporal_run_id, null as tapestry, knot_id, finished_at as at, outcome, null as status
      from selvage_lineage where (change, id) > ($1::bigint, $2::bigint) and change < (select until from seen)
      order by change, id limit ${CHANGES_AT_ONCE})
    union all
    (select started_change, ${START}, 'run-started', run_id, temporal_run_id, tapestry, null, started_at, null,
        case when ended_change is null and status <> 'running' then status end
      from selvage_runs where started_change > $1 and started_change < (select until from seen)
      order by started_change limit ${CHANGES_AT_ONCE})
    union all
    (select ended_change, ${END}, 'run-ended', run_id, temporal_run_id, tapestry, null, finished_at, null, status
      from selvage_runs where ended_change >= $1 and (ended_change, ${END}) > ($1, $2) and ended_change < (select until from seen)
      order by ended_change limit ${CHANGES_AT_ONCE})
    order by 1, 2 limit ${CHANGES_AT_ONCE}
  )
  select next <= $1 as is_ahead,
    coalesce(
      (select finished_at from selvage_lineage where id = $2),
      (select started_at from selvage_runs where started_change = $1 and $2 = ${START} limit 1),
      (select finished_at from selvage_runs where ended_change = $1 and $2 = ${END} limit 1)
    ) as there,
    change, behind.id, kind, behind.run_id, behind.temporal_run_id, knot_id, at, outcome, behind.status, run.tapestry,
    kind = 'knot-finished' and (run.started_change is null or change < run.started_change) as early
  from seen left join behind on true
    left join lateral (
      -- With a limit, the planner looks each of them up by the index, and never reads all runs.
      select tapestry, started_change from selvage_runs as r where r.temporal_run_id = behind.temporal_run_id limit 1
    ) as run on true
  order by change, behind.id`;

const LAST = `
  with ${SEEN}
  (select change, id, finished_at as at from selvage_lineage where change < (select until from seen) order by change desc, id desc limit 1)
  union all
  (select started_change, ${START}, started_at from selvage_runs where started_change < (select until from seen)
    order by started_change desc limit 1)
  union all
  (select ended_change, ${END}, finished_at from selvage_runs where ended_change < (select until from seen)
    order by ended_change desc limit 1)
  order by 1 desc, 2 desc limit 1`;

const NEWEST = `greatest(
  (select max(change) from selvage_lineage), (select max(started_change) from selvage_runs), (select max(ended_change) from selvage_runs))`;

/** The statement has an effect only on a server to which the tables were copied. */
const RAISE = `
  update selvage_identity set xids_before = ${NEWEST} + 1
  where pg_snapshot_xmax(pg_current_snapshot())::text::bigint + xids_before <= ${NEWEST}`;

interface BehindRow extends Omit<ChangeRow, 'kind'> {
  readonly is_ahead: boolean;
  readonly there: number | null;
  readonly change: number;
  readonly id: number;
  readonly kind: ChangeRow['kind'] | null;
}

interface Position {
  readonly change: number;
  readonly id: number;
  readonly at: number;
}

const textOf = ({ change, id, at }: Position): string => `${change}_${id}_${at}`;

/** Raises the numbers of a copied database; must be called before a reading begins. */
export async function raiseNumbers(database: PostgresDatabase): Promise<void> {
  if (database.isReadOnly) return;
  await database.run(RAISE, []);
}

export async function changesBehind(
  database: PostgresDatabase,
  after: string | undefined,
): Promise<HistoryChange[]> {
  const match = after === undefined ? undefined : POSITION.exec(after);
  if (match === null) throw notAPosition(after!);
  const [change, id, at] = match ? match.slice(1).map(Number) : [0, 0, 0];
  const rows = (await database.run(BEHIND, [change, id])).rows as BehindRow[];
  const { is_ahead, there } = rows[0]!;
  if (after !== undefined && (is_ahead || (there !== null && there !== at)))
    throw positionWentBack(after, database.place);
  return rows.flatMap((row) =>
    row.kind === null ? [] : [changeOf({ ...row, kind: row.kind }, textOf(row))],
  );
}

export async function lastChange(database: PostgresDatabase): Promise<string | undefined> {
  const [last] = (await database.run(LAST, [])).rows as Position[];
  return last && textOf(last);
}
