import { z } from 'zod';
import { why as originOf, type ValueOrigin } from '../../records/questions';
import { hash, name } from '../fields';
import { question } from '../operation';
import { STEPS, stepOf, walk, type Step } from './walk';

export const why = question({
  name: 'lineage.why',
  summary: 'what a value was made of',
  description:
    'Walks up from a value: the knot that made it, what went in, who made that, and so on, over runs.',
  group: 'see',
  isTool: true,
  ask: z.strictObject({
    hash,
    runId: name.optional().describe('the run whose value it is; by default the one that made it first'),
  }),
  answer: walk,
  at: ['hash'],
  examples: [{ hash: 'sha256:4f2a' }],
  /** @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable` */
  async run({ backends }, { hash, runId }) {
    const origin = await originOf(backends, hash, { limit: STEPS, runId });
    const steps: Step[] = [];
    let truncated = false;
    // An explicit stack: chains of loops and runs are deeper than the call stack.
    const open: { readonly origin: ValueOrigin; readonly depth: number; readonly through?: string }[] = [
      { origin, depth: 0 },
    ];
    for (let next = open.pop(); next; next = open.pop()) {
      const { origin: at, depth, through } = next;
      steps.push(stepOf(at.record, depth, through));
      if (at.truncated) truncated = true;
      const below = [
        ...[...at.inputs, ...(at.terminals ?? [])].flatMap(({ name, origin: of }) =>
          of ? [{ origin: of, depth: depth + 1, through: name }] : [],
        ),
        ...(at.earlierOrigin ? [{ origin: at.earlierOrigin, depth: depth + 1 }] : []),
      ];
      open.push(...below.reverse());
    }
    return { hash: origin.record.output_hash ?? hash, items: steps, truncated };
  },
});
