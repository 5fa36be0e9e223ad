import type { LiveEvent } from '../ports';

const listeners = new Set<(event: LiveEvent) => void>();

/** Registers a listener for this process's bodies, which wait for the listener; the returned function removes it. */
export function listenLive(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Whether making an event is useful. */
export function isHeardLive(): boolean {
  return listeners.size > 0;
}

export function tellLive(event: LiveEvent): void {
  for (const listener of listeners) listener(event);
}
