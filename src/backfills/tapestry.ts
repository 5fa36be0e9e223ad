import { SelvageError } from '../errors';
import { aggregate, map, type KnotContext } from '../authoring';
import { ownTapestry, type Tapestry } from '../authoring/tapestry';
import {
  reportOf,
  type BackfillReport,
  type BackfilledPartition,
  type PlannedPartition,
} from './partition-end';
import { BACKFILL, DEFAULT_MAX, backfillRequestSchema, type BackfillRequest } from './request';

/** The knot whose value is the list of partitions to make. */
export const LIST_KNOT = 'list';
/** The map over them. */
export const PARTITIONS_KNOT = 'partitions';

/** The worker's part in a backfill. Both methods are called again if a worker is lost. */
export interface BackfillHost {
  /** Chooses the partitions, in the order in which they are to be made. */
  list(request: BackfillRequest, context: KnotContext): Promise<readonly PlannedPartition[]>;
  /** Starts the partition's run, unless it exists, and waits for its end. */
  make(
    partition: PlannedPartition,
    request: BackfillRequest,
    context: KnotContext,
  ): Promise<BackfilledPartition>;
}

export type BackfillTapestry = Tapestry<{ request: BackfillRequest }, { report: BackfillReport }>;

/** Waits out outages of the server and of backends; errors that no retry helps are `Terminal`. */
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

/**
 * The tapestry of a backfill: a map over its partitions, whose bodies start runs and wait for them. So
 * cancel, resume, progress and records work as for any run.
 *
 * @param max most partitions whose runs are in progress at once
 */
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

/** The run fails if a partition is not ok, so that `runs list --status failed` and `resume` find it. */
function requireOk({ partitions, ok, notOk }: BackfillReport): number {
  if (ok === partitions) return ok;
  const [first] = notOk as [BackfilledPartition];
  throw new SelvageError(
    'PartitionsNotOk',
    `${partitions - ok} of ${partitions} partitions are not ok. The first: ${first.key} (${first.state})` +
      `${first.reason === undefined ? '' : `: ${first.reason}`}. The value of knot "report" names them; what a resume makes again are these.`,
    { details: { partitions, ok, first: first.key } },
  );
}
