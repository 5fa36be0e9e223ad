import type { Migration } from 'kysely';
import * as initial from './0001-initial';
import * as lineageIndex from './0002-lineage-index';
import * as leases from './0003-leases';
import * as cacheKey from './0004-cache-key';
import * as offers from './0005-offers';
import * as identity from './0006-identity';
import * as mentionedValues from './0007-mentioned-values';

/** In the order in which they run, which is the order of their names. A migration that was released never changes. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0002-lineage-index': lineageIndex,
  '0003-leases': leases,
  '0004-cache-key': cacheKey,
  '0005-offers': offers,
  '0006-identity': identity,
  '0007-mentioned-values': mentionedValues,
};
