export { EmbeddedServer, type EmbeddedServerOptions } from './embedded-server';
export {
  findTemporalCli,
  inspectTemporalCli,
  type BinaryReport,
  type FindBinaryOptions,
} from './find-binary';
export type { BinaryAttempt, BinarySource } from './binary-attempt';
export {
  databaseFiles,
  requireUnopened,
  withServerAtRest,
  type Leftover,
  type ServerAtRest,
} from './at-rest';
export { inspectEmbeddedServer, type EmbeddedServerReport } from './inspect-server';
export { quickCheck } from './quick-check';
export { serverFolder } from './server-folder';
