import type { LiveEvent } from '../ports';

const listeners = new Set<(event: LiveEvent) => void>();

/**
 * Hears what bodies of this process do from now on, until the function that it returns is called. A listener keeps the
 * event and returns: bodies wait for it.
 */
export function listenLive(listener: (event: LiveEvent) => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Whether an event is worth making. */
export function isHeardLive(): boolean {
  return listeners.size > 0;
}

export function tellLive(event: LiveEvent): void {
  for (const listener of listeners) listener(event);
}
