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
 * Figures of the knots that finished in a window: a row for all with one duration, or for all that were queued equally
 * long. Grouping by both might give a row for each knot. Reads only the index `selvage_lineage_by_finished_at`, which
 * has these columns and a tenth of the table's size. The offset hides the buckets' origin from the planner. Otherwise
 * it expects a group for each time, and sorts a million records instead of hashing them.
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
