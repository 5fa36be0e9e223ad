export { choosePartitions, triggerOfBackfill, type Choice, type PartitionCandidate } from './choose';
export { numberOfRun, numberedKey, partitionRunId } from './run-ids';
export {
  reportOf,
  type BackfillReport,
  type BackfilledPartition,
  type PlannedPartition,
} from './partition-end';
export {
  BACKFILL,
  DEFAULT_MAX,
  MOST_AT_ONCE,
  backfillRequestSchema,
  type BackfillInput,
  type BackfillRequest,
} from './request';
export { ORDERS, SELECTIONS, type BackfillOrder, type BackfillState } from './selection';
export {
  LIST_KNOT,
  PARTITIONS_KNOT,
  backfillTapestry,
  type BackfillHost,
  type BackfillTapestry,
} from './tapestry';
