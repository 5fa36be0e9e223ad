export type { OpenOptions } from '../connection/open-options';
export { Selvage } from './selvage';
export type { AnswerOf, AskOf, OperationName } from '../operations';
export type { ConnectOptions, ServerLocation } from '../connection/connect';
export { runIdOfEvent, runIdOfKey } from '../connection/run-ids';
export type { ResumeOptions, StartOptions } from '../connection/start-options';
export type { Extensions, FollowResult, FollowOptions } from '../connection/extensions';
export type { Lineage } from './lineage';
export type { Partitions } from '../connection/partitions';
export type { Runs } from './runs';
export type { RunsPage, RunsQuery } from '../connection/list-runs';
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
} from '../connection/across/waiting-run';
export type { BodyVersion, PlanInUse, Versions } from '../connection/across/version-answers';
export type { Bulk } from './bulk/bulk';
export type * from './bulk/bulk-act';
export type { Values } from './values';
export type { RecordedDeadLetter, StreamState } from '../connection/stream-state';
export type { Streams } from '../connection/streams';
export type { WorkerState } from '../connection/worker-state';
export type { Workers, WorkersQuery } from '../connection/workers';
export type { Events, PruneEventsOptions, PrunedEvents } from '../connection/prune-events';
export type { Resume } from '../connection/resumes';
export {
  RunHandle,
  type RunLineageQuery,
  type KnotState,
  type RunState,
  type RunDescription,
} from '../connection/run-handle';
export type { ExistingRun } from '../connection/run-on-server';
export type { Progress } from '../connection/run-progress';
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
export type { PartitionsOptions } from '../connection/list-partitions';
export {
  PARTITION_STATES,
  type PartitionState,
  type PartitionStatus,
  type PartitionRunSummary,
  type StaleReason,
} from '../records/questions';
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
export type { MapProgress } from '../connection/map-progress';
export type {
  WorkflowTaskCode,
  Waiting,
  WaitingCode,
  WaitingKnot,
  WaitingState,
  WorkflowTaskState,
} from '../connection/explain/waiting';
export type { Pollers } from '../connection/pollers';
export { currentActor, currentCommit } from '../connection/provenance';
export { Schedules, type TriggeredRun } from '../connection/schedules/schedules';
export type {
  CompareOptions,
  ComparedSchedule,
  DeployedSchedule,
  DeployOptions,
  ScheduleChangeKind,
} from '../connection/schedules/deployment';
export type { ChangedBy, ScheduleChange } from '../connection/schedules/differences';
export type { PreviewOptions } from '../connection/schedules/preview';
export type {
  DeploymentInfo,
  ScheduleDefinition,
  ScheduleTimes,
} from '../connection/schedules/schedule-form';
export type {
  ScheduledRun,
  ScheduleHistory,
  ScheduleState,
  UnreadableSchedule,
} from '../connection/schedules/schedule-state';
export type { DstAnomaly, SchedulePreview } from '../triggers';
export type { ServerChoice } from '../connection/server-address';
export type { BackfillOptions } from '../connection/backfills';
export type {
  BackfillReport,
  BackfillOrder,
  BackfilledPartition,
  PlannedPartition,
  BackfillState,
} from '../backfills';
export type { QueuePollers } from '../connection/explain/facts';
