import { LateDataStore } from './late-data-store';
import { type SelvageError, isAway } from '../errors';
import type { Backends, DataStore } from '../ports';
import { partsOf } from '../ports/parts/composed-stores';
import { unsealed } from '../encryption/seal-backends';

/** @internal The parts of a data store that are opened when they are first needed. */
export function lateStoresOf(dataStore: DataStore): LateDataStore[] {
  return partsOf(unsealed(dataStore)).filter((store) => store instanceof LateDataStore);
}

/** Why some data stores are not open yet: their servers were unreachable. Workers report it when they begin. */
export function awayStores({ dataStore }: Pick<Backends, 'dataStore'>): SelvageError[] {
  return lateStoresOf(dataStore).flatMap(({ failure }) => (isAway(failure) ? [failure] : []));
}
