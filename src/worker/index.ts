export { selvage, SelvagePlugin, type SelvagePluginOptions } from './plugin';
export { createWorker, tunedWorkerOptions, type CreateWorkerOptions } from './create-worker';
export { replayHistory, replayRun, type ReplayOptions, type ReplayedExecution } from './replay';
export type { KnotCompletion, KnotEvent, KnotObserver } from '../activities/observe';
