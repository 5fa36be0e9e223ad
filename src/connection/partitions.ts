import { nodeSha256 } from '../backends';
import {
  backfillRequestSchema,
  type BackfillReport,
  type BackfillRequest,
  type PlannedPartition,
} from '../backfills';
import { taskQueueOf } from '../plan';
import { SelvageError } from '../errors';
import { planOf, validateParameters } from '../runtime';
import { PARAMETER_PREFIX, PARTITION, recordOf, type Tapestry, type TapestryRecord } from '../authoring';
import type { PartitionStatus } from '../records/questions';
import { backfillWork, partitionsToMake, type BackfillOptions, type BackfillWork } from './backfills';
import type { Connected } from './connect';
import { listPartitions, type PartitionsOptions } from './list-partitions';
import type { RunHandle } from './run-handle';
import type { RunStarter } from './run-starter';
import type { StartOptions } from './start-options';

const PARTITION_ID = `${PARAMETER_PREFIX}${PARTITION}`;

interface PartitionsHost extends Pick<Connected, 'client' | 'backends'> {
  readonly taskQueue: string | undefined;
  readonly starter: RunStarter;
}

/** The partitions of a tapestry and their backfills: `selvage.partitions`. */
export class Partitions {
  /** @internal */
  constructor(private readonly host: PartitionsHost) {}

  /**
   * Lists the partitions of a tapestry in their order, each with its state: `missing`, `running`, `ok`,
   * `failed`, or `stale` with its reasons. A time span is listed as a partition once it has ended, or if it has a run.
   *
   * @throws SelvageError `InvalidConfig` (a tapestry without partitions, an unknown state),
   * `InvalidPartition` (of the range), `InvalidParameters`, `ServerUnreachable`, `BackendUnavailable`
   */
  async list<Parameters extends object, Values extends object>(
    tapestry: Tapestry<Parameters, Values>,
    options: PartitionsOptions = {},
  ): Promise<PartitionStatus[]> {
    const { backends, client } = this.host;
    return await listPartitions(backends, recordOf(tapestry), options, client.workflow);
  }

  /**
   * Starts a durable run that starts a run for each partition, in order and at most `concurrency` at once,
   * and waits for them. The backfill waits for partitions that other runs are making, so two backfills of one range
   * make each partition once. Cancelling the backfill cancels the runs that it started. A worker of the tapestry does
   * the backfill's work.
   *
   * @throws SelvageError `InvalidConfig`, `InvalidParameters`, and as {@link Selvage.start}
   */
  async backfill<Parameters extends object, Values extends object>(
    tapestry: Tapestry<Parameters, Values>,
    options: BackfillOptions & Omit<StartOptions, 'subject' | 'terminals'> = {},
  ): Promise<RunHandle<{ report: BackfillReport }>> {
    const { starter } = this.host;
    const record = recordOf(tapestry);
    const { loaded } = planOf(record, nodeSha256);
    const { from, to, keys, state: only, order, concurrency: max, parameters, ...start } = options;
    refuseSubject(record.name, options);
    const taskQueue = start.taskQueue ?? this.host.taskQueue ?? taskQueueOf(loaded.plan);
    const work = await checkedBackfill(record, taskQueue, {
      from,
      to,
      keys,
      state: only,
      order,
      concurrency: max,
      parameters,
    });
    await starter.savePlans(record);
    const own = { ...start, taskQueue };
    const checked = await starter.check(work.tapestry, { request: work.request as BackfillRequest });
    return await starter.start(checked, own);
  }

  /**
   * Lists the partitions that a backfill with these options would make, in its order. Starts nothing.
   *
   * @throws SelvageError `InvalidConfig`, `InvalidParameters`, `InvalidPartition`, `ServerUnreachable`,
   * `BackendUnavailable`
   */
  async planBackfill<Parameters extends object, Values extends object>(
    tapestry: Tapestry<Parameters, Values>,
    options: BackfillOptions = {},
  ): Promise<PlannedPartition[]> {
    const { backends, client } = this.host;
    const record = recordOf(tapestry);
    const { request } = await checkedBackfill(record, '', options);
    return await partitionsToMake(backends, record, backfillRequestSchema.parse(request), {
      client: client.workflow,
      now: await backends.runHistory.now(),
    });
  }
}

/** Checks all that can be checked before anything is read or written. */
async function checkedBackfill(
  record: TapestryRecord,
  taskQueue: string,
  options: BackfillOptions,
): Promise<BackfillWork> {
  const { hash: plan, loaded } = planOf(record, nodeSha256);
  const work = backfillWork({ record, plan, taskQueue }, options);
  const others = loaded.layout.ids.filter((id) => id !== PARTITION_ID);
  await validateParameters(record, options.parameters ?? {}, others);
  return work;
}

/** The runs of a backfill are not sealed for a subject, so `forget` would leave their values readable. */
function refuseSubject(tapestry: string, { subject }: StartOptions): void {
  if (subject === undefined) return;
  throw new SelvageError(
    'InvalidConfig',
    `The backfill of tapestry "${tapestry}" cannot have a subject, as its runs would not have it. Start the run of each partition with its subject instead.`,
    { details: { tapestry, option: 'subject', reason: 'UnknownOption' } },
  );
}
