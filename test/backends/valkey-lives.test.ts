import { randomUUID } from 'node:crypto';
import Valkey from 'iovalkey';
import {
  createValkeyDataStore,
  createValkeyTapestryStore,
  openValkey,
  type ValkeyClientLike,
} from '../../src/adapters/valkey';
import { SelvageError } from '../../src/errors';
import { sampleValue } from '../../src/testing/sample-records';
import { rejectionOf } from '../support/rejection-of';
import { describeWith, describeWithPrivate, startPrivateValkey, valkeyService } from '../support/services';
import { until } from '../support/until';
import { refusal } from '../support/refusal';

const MEBIBYTE = 1024 * 1024;

async function freshUrl(options = ''): Promise<string> {
  return `${await valkeyService()}?prefix=test-${randomUUID()}${options}`;
}

async function* pieces(count: number, failure?: Error): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(MEBIBYTE, index);
  if (failure) throw failure;
}

/** All keys of a store, without its identity. */
async function keysOf(url: string): Promise<string[]> {
  const connection = await openValkey({ url });
  const pattern = `${connection.key('')}*`;
  const keys = (await connection.command('keys', pattern)) as Buffer[];
  await connection.close();
  return keys.map(String);
}

describeWithPrivate('valkey')('a server that is killed', () => {
  test('subscribers miss no offer and get none twice, writers go on, and nothing answered is lost', async () => {
    // With `appendfsync everysec` a kill loses answered writes where the disk is slow: the server puts off its log for two seconds then.
    const server = await startPrivateValkey({ durable: true });
    const url = server.address;
    const [listening, writing, data] = await Promise.all([
      createValkeyTapestryStore({ url }),
      createValkeyTapestryStore({ url }),
      createValkeyDataStore({ url }),
    ]);
    const stop = new AbortController();
    const heard: number[] = [];
    const following = (async () => {
      for await (const { number } of listening.subscribe('run', { signal: stop.signal })) heard.push(number);
    })();
    const offered: number[] = [];
    const put: string[] = [];
    const write = async (index: number): Promise<void> => {
      await until(`write ${index} is answered`, async () => {
        try {
          const value = sampleValue(`value ${index}`);
          await data.put([value]);
          put.push(value.hash);
          const offer = { runId: 'run', fragment: String(index), offeredAt: 1 };
          offered.push(await writing.offer(offer));
          return true;
        } catch (error) {
          if (!SelvageError.is(error, 'BackendUnavailable')) throw error;
          return false;
        }
      });
    };
    for (let index = 0; index < 10; index += 1) await write(index);
    await until('the first are heard', () => heard.length >= 10);
    for (let round = 0; round < 2; round += 1) {
      const writes = Promise.all([write(100 * round + 10), write(100 * round + 11)]);
      await server.kill();
      // Offered and read while there is no server: answered when there is.
      const later = write(100 * round + 12);
      await server.restart();
      await Promise.all([writes, later]);
    }
    const last = offered.at(-1)!;
    await until('the last is heard', () => heard.includes(last));
    stop.abort();
    await following;
    expect(heard).toEqual([...new Set(heard)].sort((one, other) => one - other));
    expect(offered.filter((number) => !heard.includes(number))).toEqual([]);
    expect(await data.hasMany(put)).toEqual(new Set(put));
    await Promise.all([listening.close(), writing.close(), data.close()]);
    await server.stop();
  });
});

describeWithPrivate('valkey')('a cluster', () => {
  test('an address is refused, a client of the cluster is taken', async () => {
    const server = await startPrivateValkey({
      settings: { 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' },
    });
    const { hostname: host, port } = new URL(server.address);
    const one = new Valkey({ host, port: Number(port) });
    await one.call('cluster', 'addslotsrange', '0', '16383');
    await until('the cluster is up', async () =>
      String(await one.call('cluster', 'info')).includes('cluster_state:ok'),
    );
    expect(await rejectionOf(createValkeyDataStore({ url: server.address }))).toMatchObject(
      refusal('BackendUnavailable', 'is part of a cluster'),
    );
    const client = new Valkey.Cluster([{ host, port: Number(port) }]);
    const store = await createValkeyDataStore({ client });
    const value = sampleValue('value');
    await store.put([value]);
    const { hash } = await store.putStream(pieces(3));
    expect(await store.keep([value.hash, hash])).toEqual(new Set([value.hash, hash]));
    expect((await store.get(hash))?.byteLength).toBe(3 * MEBIBYTE);
    expect(await store.deleteUnlessPutSince([value.hash, hash], Date.now() + 1_000)).toHaveLength(2);
    const tapestries = await createValkeyTapestryStore({ client });
    const stop = new AbortController();
    const next = tapestries.subscribe('run', { signal: stop.signal }).next();
    await tapestries.offer({ runId: 'run', fragment: '1', offeredAt: 1 });
    expect((await next).value).toMatchObject({ fragment: '1' });
    stop.abort();
    await Promise.all([store.close(), tapestries.close()]);
    client.disconnect();
    one.disconnect();
    await server.stop();
  });
});

describeWith('valkey')('values', () => {
  test('a client that was given stays open', async () => {
    const client = new Valkey(await valkeyService());
    const store = await createValkeyDataStore({ client, prefix: `test-${randomUUID()}` });
    await store.put([sampleValue('value')]);
    await store.close();
    expect((await rejectionOf(store.has(sampleValue('value').hash))).message).toContain('is closed');
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });

  test('with a time to live they are gone after it, unless they are put or kept again', async () => {
    const lasting = await freshUrl();
    const brief = `${lasting}&ttl=4s`;
    const store = await createValkeyDataStore({ url: brief });
    const values = ['gone', 'kept', 'put again'].map(sampleValue);
    await store.put(values);
    const { hash: large } = await store.putStream(pieces(2));
    const { hash: keptLarge } = await store.putStream(pieces(3));
    // The last to put decides: here they have no end.
    const other = await createValkeyDataStore({ url: lasting });
    expect((await other.keep([values[1]!.hash, keptLarge])).size).toBe(2);
    await other.put([values[2]!]);
    await until(
      'the others are gone',
      async () => (await store.hasMany([values[0]!.hash, large])).size === 0,
    );
    const listed = (await store.list()).items.map(({ hash }) => hash).sort();
    expect(listed).toEqual([values[1]!.hash, values[2]!.hash, keptLarge].sort());
    expect((await store.get(keptLarge))?.byteLength).toBe(3 * MEBIBYTE);
    await Promise.all([store.close(), other.close()]);
  });

  test('a stream that fails leaves nothing', async () => {
    const url = await freshUrl();
    const store = await createValkeyDataStore({ url });
    await expect(store.putStream(pieces(8, new Error('the source broke')))).rejects.toThrow(
      'the source broke',
    );
    expect(await keysOf(url)).toEqual([]);
    await store.close();
  });

  test('of more than 16 MiB are refused, and the message says where they can go', async () => {
    const url = await freshUrl();
    const store = await createValkeyDataStore({ url });
    const { hash, size } = await store.putStream(pieces(16));
    expect((await store.get(hash))?.byteLength).toBe(size);
    await store.delete(hash);
    const tooLarge = refusal('NotStorable', /at most 16777216 bytes.*S3 or to a disk, by SELVAGE_DATA_LARGE/);
    let hasEnded = false;
    const watched = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(500);
      } finally {
        hasEnded = true;
      }
    };
    expect(await rejectionOf(store.putStream(watched()))).toMatchObject(tooLarge);
    expect(hasEnded).toBe(true);
    const large = { ...sampleValue('large'), bytes: Buffer.alloc(16 * MEBIBYTE + 1) };
    expect(await rejectionOf(store.put([sampleValue('small'), large]))).toMatchObject(tooLarge);
    expect(await keysOf(url)).toEqual([]);
    await store.close();
  });

  test('are read a few at a time where they are large', async () => {
    const real = new Valkey(await valkeyService());
    let largest = 0;
    const client: ValkeyClientLike = {
      async callBuffer(command, ...args) {
        const reply = await real.callBuffer(command, ...args);
        if (Array.isArray(reply)) {
          const sizes = reply.map((part) => (Buffer.isBuffer(part) ? part.byteLength : 0));
          largest = Math.max(
            largest,
            sizes.reduce((sum, size) => sum + size, 0),
          );
        }
        return reply;
      },
      duplicate: () => real.duplicate(),
      on: (event, listener) => real.on(event, listener),
      disconnect: () => real.disconnect(),
    };
    const store = await createValkeyDataStore({ client, prefix: `test-${randomUUID()}` });
    const values = Array.from({ length: 12 }, (_, n) => sampleValue(`${n}`.repeat(3 * MEBIBYTE)));
    await store.put(values);
    const hashes = values.map(({ hash }) => hash);
    const gone = sampleValue('gone').hash;
    const wanted = [hashes[0]!, gone, ...hashes.slice(1)];
    const found = await store.getMany(wanted);
    expect(await store.keep(wanted)).toEqual(new Set(hashes));
    for (const { hash, bytes } of values) expect(Buffer.compare(found.get(hash)!, bytes)).toBe(0);
    expect(found.size).toBe(values.length);
    expect(largest).toBeLessThan(8 * MEBIBYTE);
    await store.close();
    real.disconnect();
  });

  test('a put that was done but answered with an error does no harm', async () => {
    const real = new Valkey(await valkeyService());
    let fails = false;
    const client: ValkeyClientLike = {
      async callBuffer(command, ...args) {
        const reply = await real.callBuffer(command, ...args);
        if (fails && command === 'evalsha') throw new Error('ECONNRESET');
        return reply;
      },
      duplicate: () => real.duplicate(),
      on: (event, listener) => real.on(event, listener),
      disconnect: () => real.disconnect(),
    };
    const store = await createValkeyDataStore({ client, prefix: `test-${randomUUID()}` });
    const small = sampleValue('small');
    const bytes = Buffer.alloc(3 * MEBIBYTE, 'x');
    const { hash } = await store.putStream(pieces(0));
    await store.delete(hash);
    fails = true;
    const put = await Promise.allSettled([store.put([small]), store.putStream(one(bytes))]);
    fails = false;
    expect(put.some(({ status }) => status === 'rejected')).toBe(true);
    for (const answer of put)
      if (answer.status === 'rejected')
        expect(SelvageError.is(answer.reason, 'BackendUnavailable')).toBe(true);
    // Done or not: never in halves.
    const listed = (await store.list()).items;
    for (const entry of listed) expect((await store.get(entry.hash))?.byteLength).toBe(entry.size);
    const again = await store.putStream(one(bytes));
    await store.put([small]);
    expect((await store.get(again.hash))?.byteLength).toBe(bytes.byteLength);
    expect((await store.list()).items).toHaveLength(2);
    await store.close();
    real.disconnect();
  });
});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
