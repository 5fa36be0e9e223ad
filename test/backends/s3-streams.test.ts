import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { createS3DataStore, type S3DataStore } from '../../src/adapters/s3';
import { openS3DataStore } from '../../src/adapters/s3/open';
import { FaultProxy } from '../support/fault-proxy';
import { describeWith } from '../support/services';
import { until } from '../support/until';
import { freshS3Place, largeValue, type S3Place } from './s3-place';

const MEBIBYTE = 1024 * 1024;
const TWO_DAYS_MS = 48 * 60 * 60 * 1000;

describeWith('s3')('S3: streams', () => {
  let place: S3Place;
  let store: S3DataStore;
  let proxy: FaultProxy;

  beforeEach(async () => {
    place = await freshS3Place();
    proxy = await FaultProxy.to(place.options.endpoint);
    store = await createS3DataStore({ ...place.options, endpoint: proxy.addressOf(place.options.endpoint) });
  });

  afterEach(async () => {
    await store.close();
    await proxy.close();
    await place.drop();
  });

  async function keysBelow(folder: string): Promise<string[]> {
    const Prefix = `${place.options.prefix}/${folder}`;
    const command = new ListObjectsV2Command({ Bucket: place.options.bucket, Prefix });
    return ((await place.client.send(command)).Contents ?? []).map(({ Key }) => Key!.slice(Prefix.length));
  }

  async function uploadsUnderWay(): Promise<number> {
    const Prefix = `${place.options.prefix}/`;
    const command = new ListMultipartUploadsCommand({ Bucket: place.options.bucket, Prefix });
    const { Uploads = [] } = await place.client.send(command);
    return Uploads.filter(({ Key }) => Key!.startsWith(Prefix)).length;
  }

  test('a download that breaks goes on from where it was', async () => {
    const value = largeValue();
    await store.put([value]);
    for (const read of [collected, whole]) {
      const { reset } = proxy.counts;
      // No connection brings it whole, however often it is begun anew.
      proxy.cutAfter(value.bytes.byteLength * 0.6);
      expect(sha256(await read(value.hash))).toBe(value.hash.slice(-64));
      expect(proxy.counts.reset).toBeGreaterThan(reset);
      await proxy.mend();
    }
  });

  async function collected(hash: string): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of (await store.getStream(hash))!) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async function whole(hash: string): Promise<Uint8Array> {
    return (await store.get(hash))!;
  }

  test('a reader that leaves early takes its connection with it', async () => {
    const value = largeValue();
    await store.put([value]);
    const stream = (await store.getStream(value.hash))!;
    const reader = stream[Symbol.asyncIterator]();
    expect((await reader.next()).value.byteLength).toBeGreaterThan(0);
    const { open } = proxy;
    await reader.return!();
    await until('the connection is gone', () => proxy.open < open);
  });

  test('a stream leaves one value and nothing else; one that is there, too, and is not uploaded twice', async () => {
    const { bytes, hash } = largeValue();
    for (let turn = 0; turn < 2; turn++) {
      expect(await store.putStream(inPieces(bytes))).toEqual({ hash, size: bytes.byteLength });
      expect(await keysBelow('streams/')).toHaveLength(1);
      expect(await keysBelow('uploading/')).toEqual([]);
    }
    expect(await uploadsUnderWay()).toBe(0);
  });

  test('a source that fails, after parts are there, has the upload given up', async () => {
    let partsSeen = 0;
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < 24; piece++) yield Buffer.alloc(MEBIBYTE, piece);
      await until('the upload has begun', async () => (partsSeen = await uploadsUnderWay()) > 0);
      throw new Error('the source broke');
    };
    await expect(store.putStream(failing())).rejects.toThrow('the source broke');
    expect(partsSeen).toBe(1);
    expect(await uploadsUnderWay()).toBe(0);
    expect(await keysBelow('')).toEqual(['identity']);
  });

  test('what a killed process left is removed after a day, and what is under way is not', async () => {
    const { bucket: Bucket, prefix } = place.options;
    const put = (key: string, text: string): Promise<unknown> =>
      place.client.send(new PutObjectCommand({ Bucket, Key: `${prefix}/${key}`, Body: Buffer.from(text) }));
    const value = largeValue();
    await store.put([value]);
    const [used] = await keysBelow('streams/');
    await put('uploading/never-finished', '');
    await place.client.send(
      new CreateMultipartUploadCommand({ Bucket, Key: `${prefix}/streams/never-finished` }),
    );
    await put('uploading/never-used', value.hash);
    await put('streams/never-used', 'bytes');
    // Killed when the value had its stream, and before it could say so.
    await put(`uploading/${used}`, value.hash);
    await store.putStream(inPieces(Buffer.alloc(9 * MEBIBYTE, 'other')));
    expect((await keysBelow('uploading/')).sort()).toEqual(['never-finished', 'never-used', used].sort());
    const later = await openS3DataStore(place.options, () => Date.now() + TWO_DAYS_MS);
    try {
      await later.putStream(inPieces(Buffer.alloc(9 * MEBIBYTE, 'another')));
    } finally {
      await later.close();
    }
    expect(await keysBelow('uploading/')).toEqual([]);
    expect(await uploadsUnderWay()).toBe(0);
    expect(await keysBelow('streams/')).toHaveLength(3);
    expect(await keysBelow('streams/')).toContain(used);
    expect((await store.get(value.hash))?.byteLength).toBe(value.bytes.byteLength);
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += 300_000)
    yield bytes.subarray(start, start + 300_000);
}
