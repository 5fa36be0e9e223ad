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
  type CustomSource,
  type PartitionEnd,
  type Checkpoint,
  type Position,
  type ReadContext,
  type SourceKind,
  type StreamElement,
  type ReportGap,
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
  type CheckpointStore,
  type SourceTriggerOptions,
  type SourceTriggerSettings,
} from './source-trigger';
