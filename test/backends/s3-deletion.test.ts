import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { createS3DataStore, type S3ClientLike, type S3DataStore } from '../../src/adapters/s3';
import { openS3DataStore } from '../../src/adapters/s3/open';
import { inOnePiece } from '../../src/ports/parts/pieces';
import type { StoredValue } from '../../src/ports';
import { sampleValue } from '../../src/testing/sample-records';
import { describeWith } from '../support/services';
import { Latch } from '../support/latch';
import { until } from '../support/until';
import { bytesValue, freshS3Place, largeValue, valueKey, type S3Place } from './s3-place';

const HOUR_MS = 60 * 60 * 1000;

describeWith('s3')('S3: puts and deletions', () => {
  let place: S3Place;
  const stores: S3DataStore[] = [];

  beforeEach(async () => {
    place = await freshS3Place();
  });

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    await place.drop();
  });

  async function open(aheadMs = 0): Promise<S3DataStore> {
    const store = await openS3DataStore(place.options, () => Date.now() + aheadMs);
    stores.push(store);
    return store;
  }

  /** @param hooks what is waited for before a command is sent, and before its answer is given */
  async function openWith(hooks: Hooks & { readonly aheadMs?: number }): Promise<S3DataStore> {
    const client = hooked(place.client, hooks);
    const store = await openS3DataStore(
      { ...place.options, client },
      () => Date.now() + (hooks.aheadMs ?? 0),
    );
    stores.push(store);
    return store;
  }

  function isDeletionOf({ hash }: StoredValue, command: object): boolean {
    return command instanceof DeleteObjectCommand && command.input.Key === valueKey(place.options, hash);
  }

  async function putTimes(store: S3DataStore): Promise<Map<string, number>> {
    return new Map((await store.list()).items.map(({ hash, lastPutAt }) => [hash, lastPutAt]));
  }

  async function keysBelow(folder: string): Promise<string[]> {
    const command = new ListObjectsV2Command({
      Bucket: place.options.bucket,
      Prefix: `${place.options.prefix}/${folder}`,
    });
    return ((await place.client.send(command)).Contents ?? []).map(({ Key }) => Key!);
  }

  async function objectAt(hash: string): Promise<{ Bucket: string; Key: string }> {
    return { Bucket: place.options.bucket, Key: valueKey(place.options, hash) };
  }

  test('what is put or kept an hour later counts as put then, with its media type and without moving its bytes', async () => {
    const now = await open();
    const later = await open(2 * HOUR_MS);
    const [again, kept, left] = ['again', 'kept', 'left'].map((text) => ({
      ...sampleValue(text),
      mediaType: 'text/x-test',
    }));
    const large = { ...largeValue(), mediaType: 'image/x-test' };
    await now.put([again!, kept!, left!, large]);
    const streams = await keysBelow('streams/');
    const before = await putTimes(now);
    // The server tells whole seconds.
    const second = Math.max(...before.values());
    await until('a second has passed', () => Date.now() > second + 2_000);
    await now.put([left!]);
    expect(await now.keep([left!.hash])).toEqual(new Set([left!.hash]));
    await later.put([again!]);
    expect(await later.keep([kept!.hash, large.hash])).toEqual(new Set([kept!.hash, large.hash]));
    const after = await putTimes(now);
    for (const { hash } of [again!, kept!, large]) expect(after.get(hash)).toBeGreaterThan(before.get(hash)!);
    expect(after.get(left!.hash)).toBe(before.get(left!.hash));
    expect(await keysBelow('streams/')).toEqual(streams);
    const { ContentType } = await place.client.send(new HeadObjectCommand(await objectAt(kept!.hash)));
    expect(ContentType).toBe('text/x-test');
    expect((await now.get(large.hash))?.byteLength).toBe(large.bytes.byteLength);
  });

  test('a put waits for the end of a deletion that is under way, and writes the value again', async () => {
    const store = await open();
    for (const value of [sampleValue('contended'), largeValue()]) {
      await store.put([value]);
      const looked = new Latch();
      const writer = await openWith({ after: async (command) => isListing(command) && looked.open() });
      const { Bucket, Key } = await objectAt(value.hash);
      const note = { Bucket, Key: `${place.options.prefix}/deleting/${value.hash.replace(':', '-')}/x` };
      await place.client.send(new PutObjectCommand({ ...note, Body: Buffer.alloc(0) }));
      const putting = writer.put([value]);
      await looked.passed;
      // What the deleter does that looked at the time before the put.
      await place.client.send(new DeleteObjectCommand({ Bucket, Key }));
      await place.client.send(new DeleteObjectCommand(note));
      await putting;
      expect((await store.get(value.hash))?.byteLength).toBe(value.bytes.byteLength);
    }
  });

  test.each([
    ['put', (store: S3DataStore, value: StoredValue) => store.put([value])],
    ['put as a stream', (store: S3DataStore, { bytes }: StoredValue) => store.putStream(inOnePiece(bytes))],
  ])(
    'an old value that is deleted between its renewal by a %s and the look for deletions is written again',
    async (_, put) => {
      const store = await open();
      for (const value of [bytesValue(Buffer.from('small')), largeValue()]) {
        await store.put([value]);
        const renewed = new Latch();
        const deleted = new Latch();
        const writer = await openWith({
          aheadMs: 2 * HOUR_MS,
          async after(command) {
            if (!(command instanceof CopyObjectCommand)) return;
            renewed.open();
            await deleted.passed;
          },
        });
        const deleter = await openWith({
          async before(command) {
            if (isDeletionOf(value, command)) await renewed.passed;
          },
        });
        const putting = put(writer, value);
        expect(await deleter.deleteUnlessPutSince([value.hash], Date.now() + HOUR_MS)).toEqual([value.hash]);
        deleted.open();
        await putting;
        expect((await store.get(value.hash))?.byteLength).toBe(value.bytes.byteLength);
      }
    },
  );

  test('a value that somebody else has only just renewed, and a deleter saw before, is written again', async () => {
    const store = await open();
    const value = sampleValue('renewed by another');
    await store.put([value]);
    const [sawItOld, renewed, deleted] = [new Latch(), new Latch(), new Latch()];
    const deleter = await openWith({
      async before(command) {
        if (!isDeletionOf(value, command)) return;
        sawItOld.open();
        await renewed.passed;
      },
    });
    const writer = await openWith({
      async after(command) {
        if (!(command instanceof HeadObjectCommand)) return;
        renewed.open();
        await deleted.passed;
      },
    });
    const deletion = deleter.deleteUnlessPutSince([value.hash], Date.now() + HOUR_MS);
    await sawItOld.passed;
    const putting = writer.put([value]);
    expect(await deletion).toEqual([value.hash]);
    deleted.open();
    await putting;
    expect(await store.has(value.hash)).toBe(true);
  });

  test('a large value that was renewed while its bytes were deleted is written again', async () => {
    const store = await open();
    const value = largeValue();
    await store.put([value]);
    const object = await objectAt(value.hash);
    const { Metadata } = await place.client.send(new HeadObjectCommand(object));
    await store.delete(value.hash);
    await place.client.send(new PutObjectCommand({ ...object, Metadata, Body: Buffer.alloc(0) }));
    expect(await store.keep([value.hash])).toEqual(new Set());
    await place.client.send(new PutObjectCommand({ ...object, Metadata, Body: Buffer.alloc(0) }));
    await store.put([value]);
    expect((await store.get(value.hash))?.byteLength).toBe(value.bytes.byteLength);
  });

  test('writers and deleters of the same old values at once: what a put has answered is there', async () => {
    const store = await open();
    const later = await open(2 * HOUR_MS);
    const values = Array.from({ length: 24 }, (_, index) => sampleValue(`raced ${index}`));
    const hashes = values.map(({ hash }) => hash);
    await store.put(values);
    const second = Math.max(...(await putTimes(store)).values());
    await until('they are old', () => Date.now() > second + 2_000);
    const since = Math.floor(Date.now() / 1_000) * 1_000;
    await Promise.all([
      store.deleteUnlessPutSince(hashes, since),
      later.put(values),
      store.deleteUnlessPutSince(hashes, since),
      later.put(values.toReversed()),
    ]);
    expect(await store.hasMany(hashes)).toEqual(new Set(hashes));
    expect(await keysBelow('deleting/')).toEqual([]);
  });

  test('a deletion leaves no object behind, and one that was killed is brought to its end by the next', async () => {
    const store = await open();
    const large = largeValue();
    await store.put([large, sampleValue('small')]);
    const [stream] = await keysBelow('streams/');
    // As a process leaves it that is killed when it has deleted the value and not yet its bytes.
    const { Bucket, Key } = await objectAt(large.hash);
    const id = stream!.slice(stream!.lastIndexOf('/') + 1);
    const left = `${place.options.prefix}/deleting/${large.hash.replace(':', '-')}/${randomUUID()}/${id}`;
    await place.client.send(new PutObjectCommand({ Bucket, Key: left, Body: Buffer.alloc(0) }));
    await place.client.send(new DeleteObjectCommand({ Bucket, Key }));
    await store.delete(large.hash);
    expect(await keysBelow('streams/')).toEqual([]);
    await store.delete(sampleValue('small').hash);
    expect(await keysBelow('values/')).toEqual([]);
  });

  test('where the bucket keeps versions, a deletion removes them all', async () => {
    const { client } = place;
    const Bucket = `versions-${randomUUID()}`;
    await client.send(new CreateBucketCommand({ Bucket }));
    try {
      const VersioningConfiguration = { Status: 'Enabled' as const };
      await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
      const store = await createS3DataStore({ ...place.options, bucket: Bucket });
      stores.push(store);
      const later = await openS3DataStore(
        { ...place.options, bucket: Bucket },
        () => Date.now() + 2 * HOUR_MS,
      );
      stores.push(later);
      const values = [sampleValue('kept in versions'), largeValue()];
      await store.put(values);
      await later.put(values);
      for (const { hash } of values) await store.delete(hash);
      const { Versions = [], DeleteMarkers = [] } = await client.send(
        new ListObjectVersionsCommand({ Bucket }),
      );
      const left = [...Versions, ...DeleteMarkers].map(({ Key }) => Key!.slice(place.options.prefix.length));
      expect(left).toEqual(left.filter((key) => key === '/identity'));
      for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
        await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
    } finally {
      await client.send(new DeleteBucketCommand({ Bucket }));
    }
  });
});

interface Hooks {
  readonly before?: (command: object) => Promise<unknown>;
  readonly after?: (command: object) => Promise<unknown>;
}

function hooked(client: S3Client, { before, after }: Hooks): S3ClientLike {
  return {
    config: client.config,
    destroy() {},
    async send(command: object, ...options: never[]) {
      await before?.(command);
      const answer = await client.send(command as never, ...options);
      await after?.(command);
      return answer;
    },
  };
}

function isListing(command: object): boolean {
  return command instanceof ListObjectsV2Command;
}
