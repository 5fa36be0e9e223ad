import { AsyncLocalStorage } from 'node:async_hooks';
import type { ValueDigest } from './digests';

/** Everything needed to store and read the values of a run. */
export interface RunScope {
  /** The run's subject, whose key seals what the run stores. Absent if it has none. */
  readonly subject?: string | undefined;
  /** How its values are hashed. Absent if nothing is hashed, or only things that belong to no run. */
  readonly digest?: ValueDigest | undefined;
}

const scopes = new AsyncLocalStorage<RunScope>();

/**
 * Does work in the scope of a run: everything that the work stores, reads and hashes is sealed and hashed
 * accordingly.
 */
export function withRun<T>(scope: RunScope, work: () => T): T {
  return scopes.run(scope, work);
}

/**
 * Does work in the scope of a subject, or of none: everything that the work stores and reads in a sealed data
 * store is sealed accordingly.
 */
export function withSubject<T>(subject: string | undefined, work: () => T): T {
  return withRun({ subject }, work);
}

/** Undefined outside of any run, as in a tool that reads a value by its hash. */
export function currentScope(): RunScope | undefined {
  return scopes.getStore();
}
