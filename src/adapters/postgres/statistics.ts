import { BUCKETS_PER_E, EDGE } from '../../ports/parts/statistics-tally';
import type { KnotStatisticsQuery } from '../sql/run-history';

const NAMES = {
  definition: 'definition',
  knot: `case when strpos(knot_id, '[') > 0 then split_part(knot_id, '[', 1) || '[]' else knot_id end`,
} as const;

const bucket = (time: string): string =>
  `floor(ln(greatest(${time}, 0) + 1) * ${BUCKETS_PER_E} + ${EDGE})::integer`;

const TIMES = {
  duration: [bucket('finished_at - started_at'), 'null::integer'],
  queued: ['null::integer', bucket('started_at - scheduled_at')],
} as const;

/**
 * Knots that finished in a window, as a row for all of one duration, or for all that were queued for as long: grouped by both, there might be as
 * many rows as knots. Reads `selvage_lineage_by_finished_at` alone, which has all of these columns; the table is ten times as
 * large. The offset hides from the planner what the buckets are computed of: it would expect a group for each time, and sort a
 * million records instead of hashing them.
 */
export function knotFigures(by: KnotStatisticsQuery['by'], time: keyof typeof TIMES): string {
  const [duration, queued] = TIMES[time];
  return `
  select name, outcome, is_reused, duration, queued, count(*) as count, coalesce(sum(output_size), 0) as bytes, coalesce(sum(made_in), 0) as saved
  from (
    select ${NAMES[by]} as name, outcome, made_in is not null as is_reused, output_size, made_in, ${duration} as duration, ${queued} as queued
    from selvage_lineage where finished_at >= $1 and finished_at < $2 and definition <> 'parameter'
    offset 0
  ) as knots
  group by name, outcome, is_reused, duration, queued`;
}
