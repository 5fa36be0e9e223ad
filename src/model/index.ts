export { knot, type DefinitionOptions } from './definition';
export { local, queue } from './dispatcher';
export { Knot } from './knot';
export type { In, Inputs, KnotConfig, KnotDefinition, NoInputs, NotKnot, ValueOf } from './knot';
export type { KnotClassOf } from './knot-class';
export type { KnotContext, Logger, Resources } from './knot-context';
export { checkKnotId, checkName, PARAMETER_PREFIX } from './names';
export { isTapestry, recordOf } from './record-of';
export type {
  DefinitionRecord,
  Dispatcher,
  FailOn,
  InputRecord,
  KnotBody,
  KnotOptions,
  KnotRecord,
  LocalDispatcher,
  ParameterRecord,
  QueueDispatcher,
  RetryPolicy,
  TapestryOptions,
  TapestryRecord,
} from './records';
export { describeIssues, isStandardSchema } from './standard-schema';
export type { InputOf, OutputOf, SchemaIssue, SchemaResult, StandardSchema } from './standard-schema';
export { tapestry, Tapestry } from './tapestry';
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
