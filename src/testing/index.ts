export { describeDataStore, type DataStoreSubject } from './describe-data-store';
export { describeLeaseTable } from './describe-lease-table';
export { describeRunHistory } from './describe-run-history';
export { describeSubscribableTapestryStore, describeTapestryStore } from './describe-tapestry-store';
export type { Skip, Subject, SuiteOptions } from './conformance';
export { simulate, type SimulateOptions, type SimulatedOutcome, type Simulation } from './simulator/simulate';
