export { EmbeddedServer, type EmbeddedServerOptions } from './embedded-server';
export * from './find-binary';
export type { BinaryAttempt, BinarySource } from './binary-attempt';
export * from './at-rest';
export { inspectEmbeddedServer, type EmbeddedServerReport } from './inspect-server';
export { quickCheck } from './quick-check';
export { serverFolder } from './server-folder';
