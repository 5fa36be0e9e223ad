import type { KnotContext } from '../authoring/knot-context';

/** Observes the bodies that run in this process. */
export interface BodyWatch {
  /** Calls the body and returns its result. */
  call(context: KnotContext, body: () => Promise<unknown>): Promise<unknown>;
}

let watch: BodyWatch | undefined;

/** Routes all further calls of bodies in this process through `by`. */
export function watchBodies(by: BodyWatch): void {
  watch = by;
}

/** Calls a body through the observer, if there is one. */
export function watched(context: KnotContext, body: () => Promise<unknown>): Promise<unknown> {
  return watch ? watch.call(context, body) : body();
}
