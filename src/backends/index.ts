export { combineBackends } from './combine';
export { GroupCommit } from './group-commit';
export { createInMemoryBackends } from './in-memory';
export { openBackends, type OpenBackendsOptions } from './open';
export { nodeSha256 } from '../adapters/shared/node-sha256';
