export { batchSizes, batchTapestry, inBatch, isOfTapestry, terminalsOf } from './batch';
export {
  isStream,
  stream,
  streamName,
  type StreamDeadLetter,
  type ResultContext,
  type StreamDeclaration,
  type StreamOptions,
  type StreamOrder,
  type StreamResult,
  type StreamSettings,
} from './declaration';
export { IterableSource, openIterable } from './iterable-source';
export { gapWords, isSource, keyOfOffset, stateOfOffset, StreamingSource } from './source';
export type * from './source';
export { FileTailSource, type FileTailOptions, type FileTailSettings } from './file-tail';
export { KafkaStreamingSource, ValkeyStreamingSource } from './messages';
export type * from './messages';
export { StreamingSourceTrigger } from './source-trigger';
export type * from './source-trigger';
