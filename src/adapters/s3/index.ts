export { S3DataStore } from './data-store';
export { createS3DataStore, inspectS3Bucket } from './open';
export type { S3ClientLike, S3DataStoreOptions } from './options';
