export { LoadedPlan } from './loaded-plan';
export { NamedDefinitions } from './named-definitions';
export { planOf, withNested, type PlanOfTapestry } from './plan-of';
export { nestedRunOf, parametersAmong, valuesOfNested, type ChildRunRef, type NestedRun } from './nested-run';
export * from './encoded-value';
// Exported by name, too: a late `import()` of the built package sees no names behind a star.
export { decodeStored } from './encoded-value';
export {
  BodyExtension,
  decodeFragment,
  storedFragment,
  withExtension,
  type AcceptedExtension,
  type StoredFragment,
} from './body-extension';
export type { Hashing } from './hashing';
export { callBody, valueOfResult } from './call-body';
export { attachTables, checkTables, openTables, storeTables } from './encoded-table';
export { openTablesFrom, storeTablesIn } from './stored-bytes';
export { markBodyThread, refuseInBodyThread } from './body-thread';
export { graphOfRun, stateOf } from './graph-of-run';
export { SILENT, bodyLogger, bodyLoggerBy } from './body-logger';
export { BodyLog, withLog, type KeptLog, type RecordedLog } from './body-log';
export {
  LocalTrail,
  NOTED_WAIT_MS,
  NO_TRAIL,
  endReason,
  lostIn,
  withAttempt,
  withTrail,
  withWait,
  type EndReason,
  type Trail,
} from './trail';
export { causeLines, errorLine } from './cause-lines';
export {
  describeError,
  errorType,
  isThrownError,
  oneLineOf,
  readableThrow,
  tellError,
  thrownMessage,
  thrownStack,
  type DescribedError,
} from './exception-record';
export { cacheKeyOf, valueOfRecord, type ValueId, type ValueIdentity } from './cache-key';
export { CachedValues, type CachedValue, type PassedOver } from './cached-values';
export {
  madeIn,
  reusedRecord,
  takenOverRecord,
  hostOfRecord,
  withPassedOver,
  type Execution,
  type OkToRecord,
  type OutcomeToRecord,
} from './lineage';
export { alignLayout, type RunLayout } from './run-layout';
export { Comebacks } from './comeback';
export { RunClock } from './run-clock';
export { SingleFlight } from './single-flight';
export { assembleInputs, copyOfJson } from './inputs';
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
export { bytesToRead, readAllStored, readValues, streamOf } from './read-values';
export type * from './read-values';
export { listInputs, mapElements, type MapElements } from './map-elements';
export { sharedReferences, slicesFrom } from './written-slices';
export type * from './written-slices';
export { ElementKnots, allElements, isElement, type ElementKnot } from './element-knots';
export { MapComposer, type ComposedRange } from './compose-map';
export { freshPart, idOfPart, partOfStored, partOfValue } from './element-values';
export { checkPayload, type SignalSchema } from './signal-check';
export { signalTimeout, waitEnd } from './wait-end';
export { failedUnrun, recordWithoutBody, skippedUnrun } from './without-body';
export { listLost, workerLost } from './worker-lost';
export { validateParameters } from './parameters';
export { withPlannedTime } from './planned-time';
export { resumeCandidates, withValues, type ResumeCandidate } from './resume-choice';
export { retryDelay } from './retry';
export { encodeHandedOn } from './handed-on';
export { LeaseKeeper, LEASE_TTL_MS } from './lease-keeper';
export { Limits, PATIENCE_MS, placesOf, type LimitedCall } from './limits';
export { afterCancel } from './after-cancel';
export { startTimer, waitUnlessStopped } from './timer';
export { superviseBody, GraceOver, type Supervision } from './supervise-body';
export { openBytes, storeBytes } from './stored-bytes';
export { SLICE_LIMITS, type SliceLimits } from './slice-limits';
export { elementsOf, requiredRecords, whatWasLost } from './required-records';
export { HostLost, callInProcess, callWith, hostMissing, isHostTrouble } from './body-host';
export type * from './body-host';
export { CodeHashes } from './code-hashes';
export { tellPlace } from './user-frame';
export { BodyContext, HandedOnHere, type BodySurroundings, type HandedOn } from './body-context';
export { ElementParents, type ElementInputs, type InputReader, type KnotParents } from './knot-parents';
export { KnotRunner, isLimited } from './knot-runner';
export type * from './knot-runner';
export { LayoutRun } from './layout-run';
export { listenLive } from './live';
export { endOfRecord, runElements, runMap } from './map-run';
export type * from './map-run';
export { ValueReader, valueOfEnvelope } from './value-reader';
