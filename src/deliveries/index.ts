export { Deliveries, requireDifferent, type DeliveriesOptions } from './deliveries';
export { openEmitter, type EmitterTools, type OpenEmitter } from './open-emitter';
