import { LateDataStore } from './late-data-store';
import { type SelvageError, isAway } from '../errors';
import type { Backends, DataStore } from '../ports';
import { partsOf } from '../ports/parts/composed-stores';
import { unsealed } from '../encryption/seal-backends';

/** @internal The parts of a data store that are opened at their first use. */
export function lateStoresOf(dataStore: DataStore): LateDataStore[] {
  return partsOf(unsealed(dataStore)).filter((store) => store instanceof LateDataStore);
}

/** Errors of data stores whose servers were unreachable. Workers report these errors when they begin. */
export function awayStores({ dataStore }: Pick<Backends, 'dataStore'>): SelvageError[] {
  return lateStoresOf(dataStore).flatMap(({ failure }) => (isAway(failure) ? [failure] : []));
}
