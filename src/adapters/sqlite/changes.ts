import type { HistoryChange } from '../../ports';
import { CHANGES_AT_ONCE, notAPosition, positionWentBack } from '../../ports/parts/changes';
import { changeOf, type ChangeRow } from '../sql/changes';
import type { SqliteConnection } from './connection';

/*
 * Each record, and each start and end of a run, has a number from one sequence, assigned under the writer's lock, so
 * numbers grow in commit order. The sequence is SQLite's own for records (`autoincrement` never reuses a number).
 */

/** A change's number, and its record's time, which differs if an older state of the file was restored and went on. */
const POSITION = /^(\d{1,16})_(-?\d+(?:\.\d+)?)$/;

const NEWEST = "select seq from sqlite_sequence where name = 'selvage_lineage'";

const LAST = `
  select max(number) as number from (select max(id) as number from selvage_lineage
    union all select max(started_change) from selvage_runs union all select max(ended_change) from selvage_runs)`;

const AT_NUMBER = `
  select finished_at as at from selvage_lineage where id = ?
  union all select started_at from selvage_runs where started_change = ?
  union all select finished_at from selvage_runs where ended_change = ?`;

const BEHIND = `
  select * from (select l.id as number, 'knot-finished' as kind, l.run_id, l.temporal_run_id, r.tapestry, l.knot_id, l.finished_at as at,
      l.outcome, null as status, (r.started_change is null or l.id < r.started_change) as early
    from selvage_lineage as l left join selvage_runs as r on r.temporal_run_id = l.temporal_run_id
    where l.id > ? order by l.id limit ${CHANGES_AT_ONCE})
  union all
  select * from (select started_change, 'run-started', run_id, temporal_run_id, tapestry, null, started_at, null,
      case when ended_change is null and status <> 'running' then status end, null
    from selvage_runs where started_change > ? order by started_change limit ${CHANGES_AT_ONCE})
  union all
  select * from (select ended_change, 'run-ended', run_id, temporal_run_id, tapestry, null, finished_at, null, status, null
    from selvage_runs where ended_change > ? order by ended_change limit ${CHANGES_AT_ONCE})
  order by 1 limit ${CHANGES_AT_ONCE}`;

/** @param isTold whether this reading has reported the position itself, which is checked only if there is more */
export function changesBehind(
  connection: SqliteConnection,
  place: string,
  after: string | undefined,
  isTold: boolean,
): HistoryChange[] {
  const match = after === undefined ? undefined : POSITION.exec(after);
  if (match === null) throw notAPosition(after!);
  const number = Number(match?.[1] ?? 0);
  const newest = newestNumber(connection);
  if (newest === number && isTold) return [];
  if (newest < number || (match && isOther(connection, number, Number(match[2]))))
    throw positionWentBack(after!, place);
  const rows = connection.all<ChangeRow & { readonly number: number }>(BEHIND, [number, number, number]);
  return rows.map((row) => changeOf(row, `${row.number}_${row.at}`));
}

/** The last change is no last assigned number: failed inserts use numbers, too, and records are deleted. */
export function lastChange(connection: SqliteConnection): string | undefined {
  const [{ number }] = connection.all<{ number: number | null }>(LAST, []) as [{ number: number | null }];
  if (number === null) return undefined;
  const [time] = timesAt(connection, number);
  return `${number}_${time}`;
}

export function newestNumber(connection: SqliteConnection): number {
  return connection.all<{ seq: number }>(NEWEST, [])[0]?.seq ?? 0;
}

/** Whether the history has lost the change with this number and time, other than by deletion. */
export function isGone(connection: SqliteConnection, number: number, time: number): boolean {
  return newestNumber(connection) < number || isOther(connection, number, time);
}

/** Whether another change has the number: if none has it, the change was deleted. */
function isOther(connection: SqliteConnection, number: number, time: number): boolean {
  const times = timesAt(connection, number);
  return times.length > 0 && !times.includes(time);
}

function timesAt(connection: SqliteConnection, number: number): number[] {
  return connection.all<{ at: number }>(AT_NUMBER, [number, number, number]).map(({ at }) => at);
}
