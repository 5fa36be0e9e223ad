export { PART_NAMES, type ChangedBy, type ScheduleChange } from './differences';
export {
  startedBy,
  timesText,
  type DeploymentInfo,
  type ScheduleDefinition,
  type ScheduleTimes,
} from './schedule-form';
export type {
  CompareOptions,
  ComparedSchedule,
  DeployedSchedule,
  DeployOptions,
  ScheduleChangeKind,
} from './deployment';
export type { PreviewOptions } from './preview';
export type { ScheduledRun, ScheduleHistory, ScheduleState, UnreadableSchedule } from './schedule-state';
export { Schedules, type TriggeredRun } from './schedules';
