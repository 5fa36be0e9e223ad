export type { OpenOptions } from './open-options';
export { Selvage } from './selvage';
export type { ConnectOptions, ServerLocation } from './connect';
export { runIdOfEvent, runIdOfKey } from './run-ids';
export type { ResumeOptions, StartOptions } from './start-options';
export type { Extensions, FollowResult, FollowOptions } from './extensions';
export type { Lineage } from './lineage';
export type { Partitions } from './partitions';
export type { Runs, RunsPage, RunsQuery } from './runs';
export {
  WAITING_GROUPS,
  countWaiting,
  type WaitingCount,
  type WaitingGroup,
  type WaitingRun,
  type WaitingRunCode,
  type WaitingRuns,
  type WaitingRunsQuery,
  type OpenRunsQuery,
} from './across/waiting-run';
export type { BodyVersion, PlanInUse, Versions } from './across/version-answers';
export type { Bulk } from './bulk/bulk';
export type {
  BulkAction,
  BulkOptions,
  BulkOutcome,
  BulkPlan,
  BulkProgress,
  BulkReport,
  BulkRun,
  BulkSelection,
  BulkState,
} from './bulk/bulk-act';
export type { Values } from './values';
export type { RecordedDeadLetter, StreamState } from './stream-state';
export type { Streams } from './streams';
export type { WorkerState } from './worker-state';
export type { Workers, WorkersQuery } from './workers';
export type { Events, PruneEventsOptions, PrunedEvents } from './prune-events';
export type { Resume } from './resumes';
export {
  RunHandle,
  type RunLineageQuery,
  type KnotState,
  type RunState,
  type RunDescription,
} from './run-handle';
export type { ExistingRun } from './run-on-server';
export type { Progress } from './run-progress';
export type {
  LineageQuery,
  LineageRecord,
  Page,
  PageOptions,
  Percentiles,
  RunQuery,
  RunRecord,
  Statistics,
  StatisticsQuery,
} from '../ports';
export { PARTITION_STATES, type PartitionsOptions } from './list-partitions';
export type { PartitionState, PartitionStatus, PartitionRunSummary, StaleReason } from '../records/questions';
export type {
  CacheExplanation,
  ValueImpact,
  ImpactOptions,
  ValueOrigin,
  Regression,
  RunDifference,
  Stats,
  StatsOptions,
  WhyOptions,
} from '../records/questions';
export type {
  GarbageOptions,
  GarbageReport,
  PruneOptions,
  PruneReport,
  PruneSelection,
  ScrubOptions,
  ScrubPlan,
  ScrubSelection,
  Scrubbed,
} from '../records/retention';
export type { MapProgress } from './map-progress';
export type {
  WorkflowTaskCode,
  Waiting,
  WaitingCode,
  WaitingKnot,
  WaitingState,
  WorkflowTaskState,
} from './waiting';
export type { Pollers, QueuePollers } from './pollers';
export { currentActor, currentCommit } from './provenance';
export {
  Schedules,
  type ChangedBy,
  type CompareOptions,
  type ComparedSchedule,
  type DeploymentInfo,
  type DeployedSchedule,
  type DeployOptions,
  type PreviewOptions,
  type ScheduleChange,
  type ScheduledRun,
  type ScheduleDefinition,
  type ScheduleHistory,
  type ScheduleChangeKind,
  type ScheduleState,
  type ScheduleTimes,
  type TriggeredRun,
  type UnreadableSchedule,
} from './schedules';
export type { DstAnomaly, SchedulePreview } from '../triggers';
export type { ServerChoice } from './server-address';
export type { BackfillOptions } from './backfills';
export type {
  BackfillReport,
  BackfillOrder,
  BackfilledPartition,
  PlannedPartition,
  BackfillState,
} from '../backfills';
