import { z } from 'zod';
import { recordOf } from '../../authoring';
import { listPartitions } from '../../connection/list-partitions';
import { PARTITION_STATES, partitionStatus, staleReason, staleReasonText } from '../../records/questions';
import { flagged, json, list as listOf, name } from '../fields';
import { question } from '../operation';
import { requireTapestry } from '../require-tapestry';
import { parametersOf } from '../runs/given-values';
import { scopeMissing } from '../scope-missing';
import { SUMMARIES } from '../summaries';
import { opensValues } from '../surroundings';

/** Milliseconds that the server may take before the records alone answer. */
const SERVER_MS = 10_000;

const partition = partitionStatus.extend({
  /** The first ten changes since the partition was made, with explanations. */
  reasons: listOf(staleReason.extend({ explanation: z.string() })),
});
export type Partition = Readonly<z.output<typeof partition>>;

export const list = question({
  name: 'partitions.list',
  ...SUMMARIES['partitions.list'],
  description:
    'Lists the partitions of a tapestry with the state of each; of stale ones, what has changed since they were made: code, configuration or an ' +
    'input. The tapestry is one of the given file: only its code says which partitions exist.',
  isTool: true,
  asksServer: true,
  readsFile: true,
  ask: z.strictObject({
    tapestry: name.describe('name of the tapestry'),
    from: flagged(name, { placeholder: 'key' })
      .optional()
      .describe('the first partition (default: the first of all)'),
    to: flagged(name, { placeholder: 'key' })
      .optional()
      .describe('the last partition, included (default: the last that is over)'),
    states: flagged(z.array(z.enum(PARTITION_STATES)).readonly().optional(), {
      flag: 'state',
      placeholder: 'states',
      isByComma: true,
    }).describe(`only those in one of these states (${PARTITION_STATES.join(', ')})`),
    parameters: json
      .optional()
      .describe(
        'what runs would be given, to be compared with what they were given; by name. Over HTTP, for tokens with the scope `values`',
      ),
    limit: z.int().min(1).optional().describe('the last so many (default: all; as text 100)'),
  }),
  answer: z.object({
    tapestry: z.string(),
    /** Number of partitions in each state. */
    counts: z.record(z.enum(PARTITION_STATES), z.int()),
    items: listOf(partition),
  }),
  at: ['tapestry'],
  examples: [
    { tapestry: 'daily' },
    { tapestry: 'daily', from: '2026-03-01', to: '2026-03-31', states: ['stale', 'failed'] },
  ],
  /**
   * @throws SelvageError `UnknownTapestry`, `InvalidConfig` (no partitions), `InvalidPartition`,
   * `InvalidParameters`, `ScopeMissing`, `BackendUnavailable`
   */
  async run(of, { tapestry: called, from, to, states: state, parameters: given, limit }) {
    // The answer has hashes of the given parameters, by which nobody may guess values.
    if (given !== undefined && !(opensValues(of.caller) && of.caller.maySeeSecrets))
      throw scopeMissing('values');
    const tapestry = requireTapestry(of, called);
    const record = recordOf(tapestry);
    const { backends, reach } = of;
    const asked = { from, to, state, parameters: await parametersOf(tapestry, given ?? {}) };
    const all =
      (await reach.ask(
        ({ client }) => listPartitions(backends, record, asked, client.workflow),
        SERVER_MS,
      )) ?? (await listPartitions(backends, record, asked));
    const counts = { missing: 0, running: 0, ok: 0, stale: 0, failed: 0 };
    for (const one of all) counts[one.state] += 1;
    return {
      tapestry: called,
      counts,
      items: all.slice(-(limit ?? Infinity)).map((one) => ({
        ...one,
        reasons: one.reasons.map((reason) => ({ ...reason, explanation: staleReasonText(reason) })),
      })),
    };
  },
});
