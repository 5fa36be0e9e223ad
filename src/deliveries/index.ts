export { Deliveries, type DeliveriesOptions } from './deliveries';
export { gatherEmitters } from './gather';
export { readEmitters, removeEmitter, replayEmitter, requireEmitter, skipEmitter } from './manage';
export type * from './manage';
export type { EmitterReport } from './report';
export { requireFeed } from './run-events';
