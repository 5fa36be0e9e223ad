export {
  Selvage,
  type ConnectOptions,
  type OpenOptions,
  type Place,
  type ResumeOptions,
  type StartOptions,
} from './selvage';
export { RunHandle, type Progress, type RunState } from './run-handle';
export { DEFAULT_TASK_QUEUE } from './defaults';
export { currentActor, currentCommit } from './provenance';
export type { ServerChoice } from './server-address';
