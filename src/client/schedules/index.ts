export { PART_NAMES, partText, type ChangedBy, type ScheduleChange } from './differences';
export { startedBy, timesText, type DeployedBy, type ScheduleForm, type TimesForm } from './schedule-form';
export type {
  CompareOptions,
  ComparedSchedule,
  DeployedSchedule,
  DeployOptions,
  ScheduleStanding,
} from './deployment';
export type { PreviewOptions } from './preview';
export type { ScheduledRun, ScheduleHistory, ScheduleState, UnreadableSchedule } from './schedule-state';
export { Schedules, type TriggeredRun } from './schedules';
