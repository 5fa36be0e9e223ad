import type { DataStore } from '../data-store';

export interface ComposedDataStore extends DataStore {
  /** The parts of a store, of which the first holds the small values. */
  readonly parts: readonly DataStore[];
  /** The part of the store for values of this size, in bytes. */
  partFor(size: number): DataStore;
}

/** The stores that a store consists of; usually just itself. */
export function partsOf(store: DataStore): readonly DataStore[] {
  return isComposed(store) ? store.parts : [store];
}

export function partFor(store: DataStore, size: number): DataStore {
  return isComposed(store) ? store.partFor(size) : store;
}

function isComposed(store: DataStore): store is ComposedDataStore {
  return 'parts' in store;
}
