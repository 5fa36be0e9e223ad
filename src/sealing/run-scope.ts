import { AsyncLocalStorage } from 'node:async_hooks';
import type { ValueDigest } from './digests';

/** The run that work is done for, by what its values need. */
export interface RunScope {
  /** For whom it works: what it stores is sealed with the key of its subject, if it has one. */
  readonly subject?: string | undefined;
  /** What its values are hashed with. Absent where nothing is hashed, or nothing but what has no run. */
  readonly digest?: ValueDigest | undefined;
}

const scopes = new AsyncLocalStorage<RunScope>();

/** Does work for a run: all that the work stores, reads and hashes is sealed and hashed accordingly. */
export function withRun<T>(scope: RunScope, work: () => T): T {
  return scopes.run(scope, work);
}

/** Does work for a run of this subject, or of none: all that the work stores and reads in a sealed data store is sealed accordingly. */
export function withSubject<T>(subject: string | undefined, work: () => T): T {
  return withRun({ subject }, work);
}

/** Undefined outside of any run, as of a tool that is asked for a value by its hash. */
export function currentScope(): RunScope | undefined {
  return scopes.getStore();
}
