export { Deliveries, type DeliveriesOptions } from './deliveries';
export { openEmitter, type EmitterTools, type OpenEmitter } from './open-emitter';
export { gatherEmitters, namesOf } from './gather';
export {
  readEmitters,
  removeEmitter,
  replayEmitter,
  requireEmitter,
  skipEmitter,
  type EmitterReport,
  type Moved,
} from './manage';
export { requireFeed } from './run-events';
