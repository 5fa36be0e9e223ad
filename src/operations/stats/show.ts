import { z } from 'zod';
import { statsOf } from '../../records/questions';
import { stats } from '../../records/questions/statistics';
import { durationMs } from '../../values/duration';
import { question } from '../operation';

const ROWS = 500;

export const show = question({
  name: 'stats.show',
  summary: 'how often what finished lately failed, how long it took, and what became worse',
  description: 'Reads the records alone.',
  group: 'see',
  isTool: true,
  ask: z.strictObject({
    by: z.enum(['definition', 'tapestry']).describe('knots by definition, or runs by tapestry'),
    last: z.enum(['24h', '7d']).describe('of what finished in this time'),
  }),
  answer: stats.extend({
    /** The number of names, which may be more than there are items. */
    total: z.int(),
  }),
  examples: [{ by: 'definition', last: '24h' }],
  /** @throws SelvageError `BackendUnavailable` */
  async run({ backends: { runHistory } }, { by, last }) {
    const until = (await runHistory.now()) + 1;
    const found = await statsOf(runHistory, { by, since: until - durationMs(last)!, until });
    return { ...found, items: found.items.slice(0, ROWS), total: found.items.length };
  },
});
