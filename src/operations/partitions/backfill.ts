import { z } from 'zod';
import { SELECTIONS } from '../../backfills';
import type { BackfillOptions } from '../../connection/backfills';
import { name, startedRun } from '../fields';
import { act } from '../operation';
import { requireTapestry } from '../require-tapestry';
import { starterOf } from '../surroundings';

export const backfillAsk = z.strictObject({
  tapestry: name.describe('name of the tapestry'),
  from: name.optional().describe('first partition'),
  to: name.optional().describe('last partition'),
  states: z
    .array(z.enum(SELECTIONS))
    .readonly()
    .optional()
    .describe('which partitions: those of these states; default: missing'),
});

export const backfill = act({
  name: 'partitions.backfill',
  summary: 'start runs for the partitions of a tapestry that are missing, failed or stale',
  group: 'start',
  ask: backfillAsk,
  repeat: 'again',
  answer: startedRun,
  inFull: ['runId'],
  at: ['tapestry'],
  examples: [{ tapestry: 'daily', from: '2026-03-01', to: '2026-03-31', states: ['missing'] }],
  /** @throws SelvageError `UnknownTapestry`, `ServerUnreachable`, and as `Partitions.backfill` */
  async run(of, ask) {
    const tapestry = requireTapestry(of, ask.tapestry);
    const run = await of.reach.do(({ partitions }) =>
      partitions.backfill(tapestry, { ...backfillOptions(ask), ...starterOf(of.caller) }),
    );
    return { runId: run.runId };
  },
});

export function backfillOptions({ from, to, states }: z.output<typeof backfillAsk>): BackfillOptions {
  return { from, to, state: states };
}
