import { z } from 'zod';
import { list } from '../fields';
import { question } from '../operation';
import { requireTapestry } from '../require-tapestry';
import { backfillAsk, backfillOptions } from './backfill';

const KEYS = 1_000;

export const previewBackfill = question({
  name: 'partitions.previewBackfill',
  summary: 'for which partitions a backfill would start runs',
  group: 'start',
  ask: backfillAsk,
  answer: z.object({
    keys: list(z.string()),
    total: z.int(),
  }),
  at: ['tapestry'],
  examples: [{ tapestry: 'daily' }],
  /** @throws SelvageError `UnknownTapestry`, `ServerUnreachable`, and as `Partitions.planBackfill` */
  async run(of, ask) {
    const tapestry = requireTapestry(of, ask.tapestry);
    const chosen = await of.reach.do(({ partitions }) =>
      partitions.planBackfill(tapestry, backfillOptions(ask)),
    );
    return { keys: chosen.slice(0, KEYS).map(({ key }) => key), total: chosen.length };
  },
});
