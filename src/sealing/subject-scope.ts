import { AsyncLocalStorage } from 'node:async_hooks';

/** For whom a run works: what it stores is sealed with the key of its subject, if it has one. */
export interface SubjectScope {
  readonly subject?: string | undefined;
}

const scopes = new AsyncLocalStorage<SubjectScope>();

/** Does work for a run of this subject, or of none: all that the work stores and reads in a sealed data store is sealed accordingly. */
export function withSubject<T>(subject: string | undefined, work: () => T): T {
  return scopes.run({ subject }, work);
}

/** Undefined outside of any run, as of a tool that is asked for a value by its hash. */
export function currentScope(): SubjectScope | undefined {
  return scopes.getStore();
}
