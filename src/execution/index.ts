export { LoadedPlan } from './loaded-plan';
export { planOf, withNested, type PlanOfTapestry } from './plan-of';
export { nestedRunOf, parametersAmong, valuesOfNested, type ChildRunRef, type NestedRun } from './nested-run';
export * from './encoded-value';
export {
  BodyExtension,
  decodeFragment,
  storedFragment,
  withExtension,
  type AcceptedExtension,
  type StoredFragment,
} from './body-extension';
export type { Hashing } from './hashing';
export { callBody } from './call-body';
export { bodyLogger } from './body-logger';
export { causeLines, errorLine } from './cause-lines';
export { describeError, errorType, tellError, type DescribedError } from './exception-record';
export { cacheKeyOf, isTooOld, valueOfRecord, type ValueId, type ValueIdentity } from './cache-key';
export { CachedValues, type CachedValue, type PassedOver } from './cached-values';
export {
  lineageRecord,
  madeIn,
  reusedRecord,
  takenOverRecord,
  withPassedOver,
  type Execution,
  type OutcomeToRecord,
} from './lineage';
export { alignLayout, type RunLayout } from './run-layout';
export { SingleFlight } from './single-flight';
export { assembleInputs } from './inputs';
export { failedOutcomeOf, outcomeOfRecord, receivedOutcome, type Failed } from './received-outcome';
export {
  callsBody,
  needsNoInputs,
  outcomeOfLoop,
  outcomeOfResult,
  pathRecords,
  withReadInputs,
  type KnotOutcomeToRecord,
  type ParentOutcomes,
} from './node-outcome';
export { DEFAULT_INLINE_LIMIT, chosenInlineLimit } from './inline-limit';
export { readValues } from './read-values';
export { listInputs, mapElements, type MapElements } from './map-elements';
export {
  sharedReferences,
  slicesFrom,
  type SharedReference,
  type SliceContent,
  type WrittenSlice,
} from './written-slices';
export { ElementKnots, allElements, mapOf, type ElementKnot } from './element-knots';
export { ElementsRun, endOfRecord, type CachedElement, type ElementEnd } from './elements-run';
export { MapComposer } from './compose-map';
export { freshPart, idOfPart, partOfStored, partOfValue } from './element-values';
export { checkPayload, type SignalSchema } from './signal-check';
export { signalTimeout, waitEnd } from './wait-end';
export { unrunError } from './unrun-error';
export { validateParameters } from './parameters';
export { retryDelay } from './retry';
export { encodeHandedOn } from './handed-on';
export { LeaseKeeper, LEASE_TTL_MS } from './lease-keeper';
export { Limits, PATIENCE_MS, placesOf, type LimitedCall } from './limits';
export { startTimer, waitUnlessStopped } from './timer';
export { superviseBody, GraceOver, type Supervision } from './supervise-body';
export { skipDetail } from './skip-detail';
export { openBytes, storeBytes } from './stored-bytes';
export { SLICE_LIMITS, type SliceLimits } from './slice-limits';
