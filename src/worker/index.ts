export { selvage, SelvagePlugin, type SelvagePluginOptions } from './plugin';
export { createWorker, type CreateWorkerOptions } from './create-worker';
export type { KnotEnd, KnotEvent, KnotObserver } from '../interceptors/activity';
