export { choosePartitions, type Choice, type PartitionCandidate } from './choose';
export { BACKFILL, triggerOfBackfill } from './names';
export { numberOfRun, numberedKey, partitionRunId } from './run-ids';
export type * from './partition-end';
export { MOST_AT_ONCE, backfillRequestSchema } from './request';
export type * from './request';
export { ORDERS, SELECTIONS, type BackfillOrder, type BackfillState } from './selection';
export { LIST_KNOT, PARTITIONS_KNOT, backfillTapestry } from './tapestry';
export type * from './tapestry';
