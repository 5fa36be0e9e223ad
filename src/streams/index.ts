export { batchSizes, batchTapestry, inBatch, isOfTapestry, terminalsOf } from './batch';
export {
  isStream,
  stream,
  streamName,
  type DeadLetter,
  type ResultContext,
  type StreamDeclaration,
  type StreamOptions,
  type StreamOrder,
  type StreamResult,
  type StreamSettings,
} from './declaration';
export { IterableSource, openIterable } from './iterable-source';
export {
  gapWords,
  isSource,
  keyOfOffset,
  stateOfOffset,
  StreamingSource,
  type AnySource,
  type Delivered,
  type Offset,
  type OpenSource,
  type OwnSource,
  type PartitionEnd,
  type Places,
  type Position,
  type ReadContext,
  type SourceKind,
  type StreamElement,
  type TellGap,
} from './source';
export { FileTailSource, type FileTailOptions, type FileTailSettings } from './file-tail';
export {
  KafkaStreamingSource,
  ValkeyStreamingSource,
  type KafkaSourceOptions,
  type KafkaSourceSettings,
  type ValkeySourceOptions,
  type ValkeySourceSettings,
} from './messages';
export {
  StreamingSourceTrigger,
  type PlaceStore,
  type SourceTriggerOptions,
  type SourceTriggerSettings,
} from './source-trigger';
