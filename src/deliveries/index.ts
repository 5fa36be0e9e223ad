export { Deliveries, type DeliveriesOptions } from './deliveries';
export { openEmitter, type EmitterTools, type OpenEmitter } from './open-emitter';
export { gatherEmitters, namesOf } from './gather';
export { readEmitters, removeEmitter, replayEmitter, requireEmitter, skipEmitter } from './manage';
export type * from './manage';
export type { EmitterReport } from './report';
export { requireFeed } from './run-events';
