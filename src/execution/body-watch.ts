import type { KnotContext } from '../model/knot-context';

/** Hears of the bodies that run in this process. */
export interface BodyWatch {
  /** Calls the body and answers what it comes to. */
  call(context: KnotContext, body: () => Promise<unknown>): Promise<unknown>;
}

let watch: BodyWatch | undefined;

/** All bodies that this process calls from now on are called through `by`. */
export function watchBodies(by: BodyWatch): void {
  watch = by;
}

/** Calls a body through whoever watches. */
export function watched(context: KnotContext, body: () => Promise<unknown>): Promise<unknown> {
  return watch ? watch.call(context, body) : body();
}
