import { StoredBytes } from '../values';
import { SelvageError } from '../errors';
import type { DataStore, StoredStream } from '../ports';
import { inOnePiece } from '../ports/parts/pieces';
import { openTables, storeTables } from './encoded-table';
import { valueMissing } from './encoded-value';

/** Object stores keep the media type as an HTTP header. */
const MEDIA_TYPE = /^[\x20-\x7e]{1,200}$/;

/** `ctx.store`. @throws SelvageError `InvalidConfig` for an invalid media type; `BackendUnavailable` */
export async function storeBytes(
  dataStore: DataStore,
  source: Uint8Array | AsyncIterable<Uint8Array>,
  options: { mediaType?: string } = {},
): Promise<StoredBytes> {
  const { mediaType } = options;
  if (mediaType !== undefined && !MEDIA_TYPE.test(mediaType))
    throw new SelvageError(
      'InvalidConfig',
      `The media type ${JSON.stringify(String(mediaType).slice(0, 60))} cannot be used: it must be one to 200 printable ASCII characters, such as "text/csv".`,
      { details: { option: 'mediaType', reason: 'WrongValue' } },
    );
  const stream = source instanceof Uint8Array ? inOnePiece(source) : source;
  const { hash, size } = await dataStore.putStream(stream, options);
  return new StoredBytes({ hash, size, ...options });
}

/**
 * `ctx.open`. Checks the hash at the end. @throws SelvageError `ValueMissing`, naming the knot; `BackendUnavailable`
 */
export async function openBytes(
  dataStore: DataStore,
  stored: StoredBytes,
  knotId: string,
): Promise<StoredStream> {
  const stream = await dataStore.getStream(stored.hash);
  if (!stream) throw valueMissing(stored.hash, knotId);
  return stream;
}

/** Lets the tables in a knot's value be read from a data store. */
export async function openTablesFrom(dataStore: DataStore, value: unknown, knot: string): Promise<void> {
  await openTables(value, { open: (stored) => openBytes(dataStore, stored, knot) });
}

/** Keeps the tables in a value that no body has returned, such as a parameter. */
export async function storeTablesIn(dataStore: DataStore, value: unknown): Promise<void> {
  await storeTables(value, { store: (source, options) => storeBytes(dataStore, source, options) });
}
