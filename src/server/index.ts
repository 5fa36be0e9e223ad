export { EmbeddedServer, type EmbeddedServerOptions } from './embedded-server';
export {
  findTemporalCli,
  inspectTemporalCli,
  type BinaryReport,
  type FindBinaryOptions,
} from './find-binary';
export type { BinaryAttempt, BinarySource } from './binary-attempt';
export { inspectEmbeddedServer, type EmbeddedServerReport } from './inspect-server';
