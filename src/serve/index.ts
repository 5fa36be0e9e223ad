export { Deliveries, type DeliveriesOptions } from '../deliveries';
export { serve, type UiOptions, type ServeOptions, type Serving } from './serve';
export { runForever, type RunForeverOptions } from './run-forever';
export { runStream, type RunStreamOptions } from './streams/run-stream';
export type { StreamEnd } from './streams/serve-stream';
export type { PartState, Readiness } from './readiness';
export { toFetchHandler, type FetchHandler, type FetchHandlerOptions } from './to-fetch-handler';
export { toNodeHandler, type NodeHandler } from './to-node-handler';
export type { Acceptance, Trigger, TriggerEvent, TriggerHost, TriggerMetrics } from '../triggers';
