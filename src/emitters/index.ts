export { revealSecrets, standardSecretBytes, type Secret } from '../authoring/secrets';
export { timeText, toCloudEvent, factsOf } from './cloud-event';
export type { CloudEvent, CloudEventOptions, CloudEventType, EventData, RunFacts } from './cloud-event';
export { declareEmitter, hearing, isEmitter } from './declaration';
export type * from './declaration';
export type { Delivery, DeliveryContext, Emitter, LiveContext, RejectedEvent } from './emitter';
export type { KnotProgress, KnotStarted, LiveEvent } from '../ports';
export type { KnotFinished, RunEnded, RunEvent, RunStarted } from './event';
export { readEmitterOptions, type EmitterParts } from './emitter-options';
export {
  openLineageEmitter,
  type OpenLineageEmitterDeclaration,
  type OpenLineageEmitterOptions,
  type OpenLineageFileOptions,
  type OpenLineageHttpOptions,
} from './open-lineage';
export { TRACE_DEFAULTS, openTelemetryEmitter } from './open-telemetry';
export type * from './open-telemetry';
export { enveloped, type Envelope, type EnvelopeOptions } from './envelope';
export { kafkaEmitter } from './kafka';
export type * from './kafka';
export {
  LOG_LEVELS,
  logEmitter,
  type LogEmitterDeclaration,
  type LogEmitterOptions,
  type LogLevel,
} from './log';
export { sendInHalves } from './halves';
export { emitter, type CustomEmitterDeclaration, type CustomEmitter } from './own';
export { payloadOf, type Payload } from './payload';
export { valkeyEmitter } from './valkey';
export type * from './valkey';
export { isHeaderValue, urlComplaint, webhookEmitter } from './webhook';
export type * from './webhook';
