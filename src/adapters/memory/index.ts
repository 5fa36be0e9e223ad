export { InMemoryDataStore } from './data-store';
export { InMemoryEmitterTable } from './emitter-table';
export { InMemoryLeaseTable } from './lease-table';
export { InMemoryRunHistory } from './run-history';
export { InMemoryStartLedger } from './start-ledger';
export { InMemorySubjectKeyStore } from './subject-key-store';
export { InMemoryTapestryStore } from './tapestry-store';
