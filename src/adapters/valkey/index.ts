export type { ValkeyClientLike } from './client-like';
export { ValkeyConnection } from './connection';
export { createValkeyDataStore, ValkeyDataStore } from './data-store';
export { createValkeyLeaseTable, ValkeyLeaseTable } from './lease-table';
export { openValkey, type ValkeyOptions } from './open';
export { createValkeyStartLedger, ValkeyStartLedger } from './start-ledger';
export { createValkeyTapestryStore, ValkeyTapestryStore } from './tapestry-store';
