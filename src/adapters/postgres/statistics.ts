import { BUCKETS_PER_E, EDGE } from '../../ports/parts/statistics-tally';
import type { KnotStatisticsQuery } from '../sql/run-history';

const NAMES = {
  definition: 'definition',
  knot: `case when strpos(knot_id, '[') > 0 then split_part(knot_id, '[', 1) || '[]' else knot_id end`,
} as const;

const bucket = (time: string): string =>
  `floor(ln(greatest(${time}, 0) + 1) * ${BUCKETS_PER_E} + ${EDGE})::integer`;

/**
 * Knots that finished in a window, as a row for all of one duration, and once more for all that were queued for as long: grouped by both, there
 * might be as many rows as knots. The offset hides from the planner what the buckets are
 * computed of: it would expect a group for each time, and sort a million records instead of hashing them. `extra` may have escapes that
 * Postgres does not read as JSON.
 */
export function knotFigures(by: KnotStatisticsQuery['by']): string {
  return `
  select name, outcome, is_reused, duration, queued, count(*) as count, coalesce(sum(output_size), 0) as bytes,
    coalesce(sum(case when is_reused then substring(extra from '"made_in":([0-9.eE+-]+)')::double precision end), 0) as saved
  from (
    select ${NAMES[by]} as name, outcome, cached_from_run is not null as is_reused, output_size, extra,
      ${bucket('finished_at - started_at')} as duration, ${bucket('started_at - scheduled_at')} as queued
    from selvage_lineage where finished_at >= $1 and finished_at < $2 and definition <> 'parameter'
    offset 0
  ) as knots
  group by grouping sets ((name, outcome, is_reused, duration), (name, outcome, is_reused, queued))`;
}
