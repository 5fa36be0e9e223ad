import { AsyncLocalStorage } from 'node:async_hooks';
import type { ValueDigest } from './digests';

/** Seals and hashes the values of a run. */
export interface RunScope {
  /** The subject whose key seals the values that the run stores. */
  readonly subject?: string | undefined;
  /** The digest that hashes the run's values; absent if nothing of the run is hashed. */
  readonly digest?: ValueDigest | undefined;
}

const scopes = new AsyncLocalStorage<RunScope>();

export function withRun<T>(scope: RunScope, work: () => T): T {
  return scopes.run(scope, work);
}

/** Runs `work`, whose stored values are sealed with the key of this subject, or of none. */
export function withSubject<T>(subject: string | undefined, work: () => T): T {
  return withRun({ subject }, work);
}

/** The scope of the current run; undefined outside of any run, as in a tool that reads a value by its hash. */
export function currentScope(): RunScope | undefined {
  return scopes.getStore();
}
