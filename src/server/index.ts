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
export { findDamage } from './find-damage';
export { inspectEmbeddedServer, type EmbeddedServerReport } from './inspect-server';
export { mendRuns, type MendedRuns, type OpenExecution } from './mend-runs';
export { ownScript } from './own-script';
export { run, type ProgramOutcome } from './run-program';
export { serverFolder } from './server-folder';
