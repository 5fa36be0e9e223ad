import { StoredBytes } from '../canonical';
import type { DataStore } from '../protocols';

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

/** The whole as a stream of one piece. */
async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes);
}
