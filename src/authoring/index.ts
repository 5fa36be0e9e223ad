// Adds `select` to the handles of knots. What is exported below, the package loads only when it is used.
import './nodes/select';
export { knot, type DefinitionOptions, type OutcomeDefinitionOptions } from './definition';
export { celery, dask, local, program, python, queue, ray, threads } from './dispatcher';
export type * from './dispatcher';
export type { Encodable, EncodableTypes, NotEncodable } from './encodable';
export { fragment } from './fragment';
export type * from './fragment';
export { hostedKnot, pythonKnot, type HostedKnotOptions, type HostedOutcomeKnotOptions } from './hosted-knot';
export { Knot } from './knot';
export type * from './knot';
export type { KnotClassOf } from './knot-class';
export type { KnotContext, Logger, LoggerLike, LogMethod, Resources } from './knot-context';
export { aggregate } from './nodes/aggregate';
export type * from './nodes/aggregate';
export {
  branch,
  type BranchKnot,
  type DiscriminantOptions,
  type MemberPaths,
  type SelectorInputsOptions,
  type SelectorOptions,
} from './nodes/branch';
export { firstOk, type FirstOkOptions } from './nodes/first-ok';
export { gate, type GateInputsOptions, type GateOptions } from './nodes/gate';
export { loop, type LoopOptions, type LoopState } from './nodes/loop';
export { map } from './nodes/map';
export type * from './nodes/map';
export { pick, type PickOptions, type PickSteps, type ValueAt } from './nodes/pick';
export { reduce, type CombineOptions, type FoldOptions } from './nodes/reduce';
export { sink, type SinkOptions } from './nodes/sink';
export { sleep, waitForSignal, waitUntil } from './nodes/waits';
export type * from './nodes/waits';
export { durationOf, timeOf } from './wait-times';
export { dataset, type Dataset } from './dataset';
export { source, type SourceOptions } from './nodes/source';
export { sql, type SqlConfig, type SqlOptions, type SqlQuery } from './nodes/sql';
export { subTapestry, type NestedConfig, type SubTapestryOptions } from './nodes/sub-tapestry';
export { checkKnotId, checkName, PARAMETER_PREFIX } from './names';
export { effectiveOptions } from './options';
export { optional, Optional, type OptionalKnotClass } from './optional';
export { isTapestry, recordOf } from './record-of';
export type {
  CacheOptions,
  DefinitionRecord,
  ErrorPolicy,
  FailOn,
  InputRecord,
  KnotBody,
  KnotOptions,
  KnotRecord,
  NodeKind,
  OnElementError,
  ParameterRecord,
  RetryPolicy,
  TapestryEmitter,
  TapestryOptions,
  TapestryRecord,
  ValuePolicy,
} from './records';
export type { Dispatcher, LocalDispatcher, QueueDispatcher } from './dispatchers';
export { PARTITION, partitionOfRun } from './partition-parameter';
export { describeIssues, isStandardSchema } from './standard-schema';
export type { InputOf, OutputOf, SchemaIssue, SchemaResult, StandardSchema } from './standard-schema';
export { tapestry, Tapestry, type AnyTapestry } from './tapestry';
export type {
  ParameterKnots,
  ParameterOptions,
  ParametersOf,
  ParameterSpec,
  ParameterSpecs,
  ParametersOfTapestry,
  Terminals,
  TerminalValues,
  Untyped,
  ValuesOfTapestry,
} from './tapestry';
