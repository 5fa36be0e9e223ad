import { z } from 'zod';
import { why as originOf, type OriginInput, type ValueOrigin } from '../../records/questions';
import { redactNamed } from '../../values/redact';
import { flagged, hash, name } from '../fields';
import { question } from '../operation';
import { SUMMARIES } from '../summaries';
import { stepOf, steps, walk } from './walk';

interface Told {
  readonly origin: ValueOrigin;
  readonly depth: number;
  readonly through?: string | undefined;
}

export const why = question({
  name: 'lineage.why',
  ...SUMMARIES['lineage.why'],
  description:
    'Walks upstream from a value: the knot that made it, its inputs, the knots that made these, and so on. From a parameter, continues into the ' +
    'earlier run that made its value.',
  isTool: true,
  readsCapsules: true,
  ask: z.strictObject({
    hash,
    runId: flagged(
      name.optional().describe('as this run made it; by default, the newest run that made it itself'),
      { flag: 'run', placeholder: 'run-id' },
    ),
    limit: steps,
  }),
  answer: walk,
  inFull: ['items'],
  at: ['hash'],
  examples: [{ hash: 'sha256:4f2a' }],
  /** @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable` */
  async run({ backends, caller }, { hash, runId, limit }) {
    const origin = await originOf(backends, hash, { limit, runId });
    const told: Told[] = [];
    // The stack is explicit, because chains of loops and runs are deeper than the call stack.
    const open: Told[] = [{ origin, depth: 0 }];
    for (let next = open.pop(); next; next = open.pop()) {
      told.push(next);
      const { origin: at, depth } = next;
      const below: Partial<OriginInput>[] = [...inputsOf(at), { origin: at.earlierOrigin }];
      for (const { name: through, origin: from } of below.reverse())
        if (from) open.push({ origin: from, depth: depth + 1, through });
    }
    const places = new Map<ValueOrigin | undefined, number>(told.map(({ origin: at }, place) => [at, place]));
    const items = told.map(({ origin: at, depth, through }) => {
      const inputs = inputsOf(at).map(({ name, hash: of, knotId, constant, origin: from }) => ({
        name,
        hash: of ?? undefined,
        knotId,
        constant: constant === undefined || caller.maySeeSecrets ? constant : redactNamed(name, constant),
        step: places.get(from),
      }));
      return {
        ...stepOf(at.record, depth, through),
        inputs: inputs.length > 0 ? inputs : undefined,
        earlierStep: places.get(at.earlierOrigin),
        repeated: at.repeated || undefined,
        truncated: at.truncated || undefined,
      };
    });
    const truncated = items.some((step) => step.truncated);
    return { hash: origin.record.output_hash ?? hash, items, truncated };
  },
});

/** The origins of a knot: inputs, then the terminals of a run that the knot has started. */
function inputsOf({ inputs, terminals = [] }: ValueOrigin): readonly OriginInput[] {
  return [...inputs, ...terminals];
}
