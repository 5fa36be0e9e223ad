import { z } from 'zod';
import { impact as madeOf } from '../../records/questions';
import { hash } from '../fields';
import { question } from '../operation';
import { SUMMARIES } from '../summaries';
import { stepOf, steps, walk } from './walk';

export const impact = question({
  name: 'lineage.impact',
  ...SUMMARIES['lineage.impact'],
  description:
    'Walks downstream from a value, over all runs: knots that have it, knots that took it, values that these made, and so on.',
  isTool: true,
  readsCapsules: true,
  ask: z.strictObject({ hash, limit: steps }),
  answer: walk,
  inFull: ['items'],
  at: ['hash'],
  examples: [{ hash: 'sha256:4f2a' }],
  /** @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable` */
  async run({ backends: { runHistory } }, { hash, limit }) {
    const { producers, items: affected, truncated } = await madeOf(runHistory, hash, { limit });
    const depths = new Map<string, number>();
    const keyOf = (temporalRunId: string, knot: string): string => JSON.stringify([temporalRunId, knot]);
    for (const record of producers) depths.set(keyOf(record.temporal_run_id, record.knot_id), 0);
    const items = producers.map((record) => stepOf(record, 0));
    for (const { record, through } of affected) {
      const above = through.map((knot) => depths.get(keyOf(record.temporal_run_id, knot)) ?? 0);
      const depth = Math.max(0, ...above) + 1;
      depths.set(keyOf(record.temporal_run_id, record.knot_id), depth);
      items.push(stepOf(record, depth, through.length > 0 ? through.join(', ') : undefined));
    }
    return { hash: producers[0]!.output_hash!, items, truncated };
  },
});
