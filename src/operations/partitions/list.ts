import { z } from 'zod';
import { recordOf } from '../../authoring';
import { listPartitions } from '../../connection/list-partitions';
import { PARTITION_STATES, staleReasonText } from '../../records/questions';
import { list as listOf, name } from '../fields';
import { question } from '../operation';
import { requireTapestry } from '../require-tapestry';

/** How long the server is asked about runs in progress; without it, the records alone answer. */
const SERVER_MS = 10_000;

const partition = z.object({
  key: z.string(),
  state: z.enum(PARTITION_STATES),
  runId: z.string().optional(),
  /** What has changed since it was made, in words. */
  reasons: listOf(z.string()),
});
export type Partition = Readonly<z.output<typeof partition>>;

export const list = question({
  name: 'partitions.list',
  summary: 'the partitions of a tapestry, each with its state: missing, running, ok, stale or failed',
  description: 'The tapestry is one of the given file: only its code says which partitions exist.',
  group: 'see',
  isTool: true,
  ask: z.strictObject({ tapestry: name.describe('name of the tapestry') }),
  answer: z.object({ tapestry: z.string(), items: listOf(partition) }),
  at: ['tapestry'],
  examples: [{ tapestry: 'daily' }],
  /** @throws SelvageError `UnknownTapestry`, `InvalidConfig` (a tapestry without partitions), `BackendUnavailable` */
  async run(of, { tapestry }) {
    const record = recordOf(requireTapestry(of, tapestry));
    const { backends, reach } = of;
    const all =
      (await reach.ask(({ client }) => listPartitions(backends, record, {}, client.workflow), SERVER_MS)) ??
      (await listPartitions(backends, record));
    return {
      tapestry,
      items: all.map(({ key, state, latestRun, reasons }) => ({
        key,
        state,
        ...(latestRun && { runId: latestRun.runId }),
        reasons: reasons.map(staleReasonText),
      })),
    };
  },
});
