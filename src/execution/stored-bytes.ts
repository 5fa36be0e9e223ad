import { StoredBytes } from '../canonical';
import type { DataStore } from '../protocols';
import { valueMissing } from './encoded-value';

/** Streams bytes into the data store (`ctx.store`) and answers the reference that stands for them. */
export async function storeBytes(
  dataStore: DataStore,
  source: Uint8Array | AsyncIterable<Uint8Array>,
  options: { mediaType?: string } = {},
): Promise<StoredBytes> {
  const stream = source instanceof Uint8Array ? once(source) : source;
  const { hash, size } = await dataStore.putStream(stream, options);
  return new StoredBytes({ hash, size, ...options });
}

/**
 * Opens what {@link storeBytes} stored (`ctx.open`); the hash is checked at the end of the stream.
 *
 * @throws SelvageError `ValueMissing`, naming the knot that asks; `BackendUnavailable`
 */
export async function openBytes(
  dataStore: DataStore,
  stored: StoredBytes,
  knotId: string,
): Promise<AsyncIterable<Uint8Array>> {
  const stream = await dataStore.getStream(stored.hash);
  if (!stream) throw valueMissing(stored.hash, knotId);
  return stream;
}

/** The whole as a stream of one piece. */
async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes);
}
