import { z } from 'zod';
import { statisticsGroup } from '../../ports/statistics';
import { statsOf } from '../../records/questions';
import { stats } from '../../records/questions/statistics';
import { TIME_FORMS } from '../../values/past-time';
import { duration, flagged, limit, timeBy, timeOrAge } from '../fields';
import { question } from '../operation';
import { SUMMARIES } from '../summaries';

const WEEK_MS = 7 * 86_400_000;

export const show = question({
  name: 'stats.show',
  ...SUMMARIES['stats.show'],
  description:
    'Counts what finished lately: how many ran, failed and were skipped, percentiles of duration and time in a queue (at most 2.2 % off), bytes made, ' +
    'and savings by reuse. Compares with the time before, and lists what has become slower or fails more often. ' +
    'That takes at least 50 that ran in each period; for the 95th percentile, 200. Reads the records alone.',
  isTool: true,
  readsParquet: true,
  ask: z.strictObject({
    by: flagged(
      statisticsGroup.default('definition').describe('knots by definition or by id, or runs by tapestry'),
      { placeholder: 'what' },
    ),
    since: timeOrAge.default('24h').describe(`of what finished then or later: ${TIME_FORMS}`),
    until: timeOrAge.optional().describe('of what finished before that'),
    baseline: flagged(duration.default(WEEK_MS).describe('compare with so much time before'), {
      placeholder: 'duration',
    }),
    noBaseline: z.boolean().default(false).describe('compare with nothing'),
    limit: limit(10_000, 500),
  }),
  answer: stats.extend({
    /** Number of names without the limit. */
    total: z.int(),
  }),
  examples: [
    {},
    { by: 'tapestry', since: '7d', baseline: '28d' },
    { by: 'knot', since: '2h', noBaseline: true },
  ],
  /** @throws SelvageError `BackendUnavailable` */
  async run({ backends: { runHistory } }, { by, baseline, noBaseline, limit: most, ...asked }) {
    const now = (await runHistory.now()) + 1;
    const since = timeBy(now, asked.since);
    const until = timeBy(now, asked.until ?? now);
    const found = await statsOf(runHistory, { by, since, until, baseline: noBaseline ? false : baseline });
    return { ...found, items: found.items.slice(0, most), total: found.items.length };
  },
});
