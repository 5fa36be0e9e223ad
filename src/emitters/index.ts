export {
  declareEmitter,
  hearing,
  isEmitter,
  type EmitterDeclaration,
  type EmitterKind,
  type EmitterOptions,
  type EventFilter,
} from './declaration';
export type { Delivery, DeliveryContext, Emitter, RejectedEvent } from './emitter';
export type { KnotFinished, RunEnded, RunEvent, RunStarted } from './event';
export { readEmitterOptions, type EmitterParts } from './emitter-options';
export { emitter, type OwnEmitterDeclaration, type OwnEmitterParts } from './own';
