import type { KnotContext } from '../authoring/knot-context';

export interface BodyWatch {
  call(context: KnotContext, body: () => Promise<unknown>): Promise<unknown>;
}

let watch: BodyWatch | undefined;

export function watchBodies(by: BodyWatch): void {
  watch = by;
}

export function watched(context: KnotContext, body: () => Promise<unknown>): Promise<unknown> {
  return watch ? watch.call(context, body) : body();
}
