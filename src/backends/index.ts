export { clockTrouble } from './clock';
export { combineBackends } from './combine';
export { GroupCommit } from './group-commit';
export { createInMemoryBackends } from './in-memory';
export { inspectBackends, type BackendReport } from './inspect';
export { locateBackends, type BackendPlace, type LocateBackendsOptions } from './locate';
export { identitiesOf, requireSameBackends } from './same-backends';
export { openBackends, type OpenBackendsOptions } from './open';
export { nodeSha256 } from '../adapters/shared/node-sha256';
