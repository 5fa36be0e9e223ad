export {
  Selvage,
  runIdOfKey,
  type ConnectOptions,
  type OpenOptions,
  type Place,
  type ResumeOptions,
  type StartOptions,
} from './selvage';
export type { Followed, FollowOptions } from './follow-extensions';
export {
  RunHandle,
  type Attached,
  type LineageOfRun,
  type Progress,
  type RunState,
  type Standing,
} from './run-handle';
export type { LineageQuery, LineageRecord, Page, PageOptions, RunQuery, RunRecord } from '../protocols';
export type { CacheExplanation, Impact, ImpactOptions, Origin, RunDifference, WhyOptions } from '../lineage';
export type {
  GarbageOptions,
  GarbageReport,
  PruneOptions,
  PruneReport,
  ScrubOptions,
  ScrubPlan,
  ScrubSelection,
  Scrubbed,
} from '../retention';
export type { MapProgress } from './map-progress';
export type { StepCode, Waiting, WaitingCode, WaitingKnot, WaitingState, WaitingStep } from './waiting';
export type { Pollers, QueuePollers } from './pollers';
export { currentActor, currentCommit } from './provenance';
export type { ServerChoice } from './server-address';
