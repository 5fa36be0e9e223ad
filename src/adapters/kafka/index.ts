export type { ConsumerListener, KafkaClient } from './broker';
export { openKafkaClient } from './client';
export { connectionFrom } from './connection';
export { createKafkaTrigger, type KafkaTriggerParts } from './trigger';
