export { revealSecrets, standardSecretBytes, type Secret } from '../authoring/secrets';
export { timeText, toCloudEvent, factsOf } from './cloud-event';
export type { CloudEvent, CloudEventOptions, CloudEventType, EventData, RunFacts } from './cloud-event';
export {
  declareEmitter,
  hearing,
  isEmitter,
  type EmitterDeclaration,
  type EmitterKind,
  type EmitterList,
  type EmitterOptions,
  type EventFilter,
} from './declaration';
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
export {
  TRACE_DEFAULTS,
  openTelemetryEmitter,
  type OpenTelemetryEmitterDeclaration,
  type OpenTelemetryEmitterOptions,
  type TraceMode,
  type TraceSettings,
} from './open-telemetry';
export { enveloped, type Envelope, type EnvelopeOptions } from './envelope';
export {
  kafkaEmitter,
  type KafkaEmitterDeclaration,
  type KafkaEmitterOptions,
  type KafkaEmitterSettings,
  type KafkaTopics,
} from './kafka';
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
export {
  valkeyEmitter,
  type ValkeyEmitterDeclaration,
  type ValkeyEmitterOptions,
  type ValkeyEmitterSettings,
} from './valkey';
export {
  isHeaderValue,
  urlComplaint,
  webhookEmitter,
  type WebhookEmitterDeclaration,
  type WebhookEmitterOptions,
  type WebhookEmitterSettings,
  type WebhookEndpoint,
  type WebhookEndpointsOptions,
} from './webhook';
