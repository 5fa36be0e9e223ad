import { SelvageError } from '../errors';
import { aggregate, map, type KnotContext } from '../authoring';
import { ownTapestry, type Tapestry } from '../authoring/tapestry';
import {
  reportOf,
  type BackfillReport,
  type BackfilledPartition,
  type PlannedPartition,
} from './partition-end';
import { BACKFILL } from './names';
import { DEFAULT_MAX, backfillRequestSchema, type BackfillRequest } from './request';

/** The list of partitions to make. */
export const LIST_KNOT = 'list';
/** The map over the list of partitions. */
export const PARTITIONS_KNOT = 'partitions';

/** The worker's part. Both methods of the host are called again if a worker is lost. */
export interface BackfillHost {
  /** Lists the partitions in the order of making. */
  list(request: BackfillRequest, context: KnotContext): Promise<readonly PlannedPartition[]>;
  /** Starts the partition's run, unless it exists, and waits for its end. */
  make(
    partition: PlannedPartition,
    request: BackfillRequest,
    context: KnotContext,
  ): Promise<BackfilledPartition>;
}

export type BackfillTapestry = Tapestry<{ request: BackfillRequest }, { report: BackfillReport }>;

/** The policy retries during outages; errors that no retry helps are `Terminal`. */
const UNTIL_IT_IS_DONE = {
  maximumAttempts: Number.MAX_SAFE_INTEGER,
  initialInterval: 1_000,
  backoffCoefficient: 1.5,
  maximumInterval: 10_000,
  nonRetryableErrors: [
    'InvalidConfig',
    'InvalidName',
    'InvalidParameters',
    'InvalidPartition',
    'NotEncodable',
    'NotStorable',
  ],
};

/** Bodies start runs and wait for them, so cancel, resume and progress work as for any run. */
export function backfillTapestry(host: BackfillHost, max = DEFAULT_MAX): BackfillTapestry {
  return ownTapestry(
    BACKFILL,
    { description: 'Starts the runs of partitions.', knots: { retry: UNTIL_IT_IS_DONE } },
    (t: Tapestry<{ request: BackfillRequest }>) => {
      const request = t.parameter('request', backfillRequestSchema);
      const list = aggregate(
        {
          inputs: { request },
          combine: async (given, context) => [...(await host.list(given.request, context))],
        },
        { id: LIST_KNOT, summary: 'Chooses the partitions' },
      );
      const ends = map(
        {
          over: list,
          each: async ({ element, request: given }, context) => await host.make(element, given, context),
          shared: { request },
          concurrency: max,
        },
        { id: PARTITIONS_KNOT, summary: 'Starts their runs and waits for them' },
      );
      const report = aggregate(
        { inputs: { ends }, combine: (given) => reportOf(given.ends) },
        { id: 'report' },
      );
      aggregate({ inputs: { report }, combine: (given) => requireOk(given.report) }, { id: 'complete' });
      return { report };
    },
  );
}

/** Makes the run fail if a partition is not ok, for `runs list --status failed` and `resume`. */
function requireOk({ partitions, ok, notOk }: BackfillReport): number {
  if (ok === partitions) return ok;
  const [first] = notOk as [BackfilledPartition];
  const reason = first.reason === undefined ? '' : `: ${first.reason.replace(/\.$/, '')}`;
  throw new SelvageError(
    'PartitionsNotOk',
    `${partitions - ok} of ${partitions} partitions are not ok. The first: ${first.key} (${first.state})${reason}. The value of knot "report" names them; what a resume makes again are these.`,
    { details: { partitions, ok, first: first.key } },
  );
}
