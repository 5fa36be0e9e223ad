import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import { z } from 'zod';
import {
  createValkeyDataStore,
  createValkeyLeaseTable,
  createValkeyStartLedger,
  createValkeyTapestryStore,
} from '../../src/adapters/valkey';
import { reachValkey } from '../../src/adapters/valkey/open';
import { threatsTo } from '../../src/adapters/valkey/warnings';
import { createValkeyTrigger } from '../../src/adapters/valkey/trigger';
import { SelvageError } from '../../src/errors';
import { knot, tapestry } from '../../src/authoring';
import { sampleHash, samplePlan, sampleValue } from '../../src/testing/sample-records';
import { valkeyTrigger } from '../../src/triggers';
import { closedPort, listening } from '../support/listening';
import { rejectionOf } from '../support/rejection-of';
import {
  describeWith,
  describeWithPrivate,
  startPrivateValkey,
  valkeyService,
  type PrivateService,
} from '../support/services';
import { FaultProxy } from '../support/fault-proxy';
import { until } from '../support/until';
import { refusal } from '../support/refusal';
import { RecordingHost } from '../support/trigger-host';

const PASSWORD = 's3cret-Pa55';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubled = tapestry('doubled', (t) => ({ y: double({ x: t.parameter('x', z.number()) }, { id: 'y' }) }));

function at(address: string): { host: string; port: number } {
  const { hostname, port } = new URL(address);
  return { host: hostname, port: Number(port) };
}

/** What a log would show of it. */
function printed(error: unknown): string {
  return inspect(error, { depth: 20, showHidden: true });
}

describe('what cannot be reached', () => {
  test('a port where nobody listens', async () => {
    const port = await closedPort();
    const error = await rejectionOf(
      createValkeyDataStore({ url: `valkey://:${PASSWORD}@127.0.0.1:${port}` }),
    );
    expect(error).toMatchObject(refusal('BackendUnavailable', `valkey://127.0.0.1:${port}`));
    expect(error.message).toContain('ECONNREFUSED');
    expect(printed(error)).not.toContain(PASSWORD);
  });

  test('a name that is not known', async () => {
    expect(await rejectionOf(createValkeyDataStore({ url: 'valkey://no-such-host.invalid' }))).toMatchObject(
      refusal('BackendUnavailable', /no-such-host\.invalid:6379 .*(ENOTFOUND|EAI_AGAIN)/),
    );
  });

  test('a server that takes the connection and never answers', async () => {
    const silent = await listening();
    const url = `valkey://user:${PASSWORD}@127.0.0.1:${silent.port}`;
    const error = await rejectionOf(createValkeyDataStore({ url, connectTimeout: 200 }));
    expect(error).toMatchObject(refusal('BackendUnavailable', 'has not answered within 0.2 s'));
    expect(printed(error)).not.toContain(PASSWORD);
    await silent.close();
  });

  test('a server that speaks something else', async () => {
    const web = await listening((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await rejectionOf(createValkeyDataStore({ url: `valkey://127.0.0.1:${web.port}` }))).toMatchObject(
      refusal('BackendUnavailable', 'does not speak as a Valkey server does'),
    );
    await web.close();
  });
});

describeWith('valkey')('between here and a server', () => {
  let proxy: FaultProxy;

  afterEach(() => proxy.close());

  test('a server that is too old is told by its version', async () => {
    proxy = await FaultProxy.to(await valkeyService(), (answer) =>
      Buffer.from(answer.toString('latin1').replace(/(version\r\n\$\d+\r\n)\d+/, '$16'), 'latin1'),
    );
    expect(
      await rejectionOf(createValkeyDataStore({ url: `valkey://127.0.0.1:${proxy.port}` })),
    ).toMatchObject(
      refusal(
        'BackendUnavailable',
        /is too old \((valkey|redis) 6\.\d+\.\d+\)\. Selvage needs Valkey 7\.2 or Redis 7\.0/,
      ),
    );
  });

  test('a connection over which nothing comes any more is given up and made anew', async () => {
    proxy = await FaultProxy.to(await valkeyService());
    const url = `valkey://127.0.0.1:${proxy.port}?prefix=test-${randomUUID()}`;
    const store = await createValkeyDataStore({ url, commandTimeout: 300 });
    const value = sampleValue('before');
    await store.put([value]);
    proxy.silence();
    await proxy.mend();
    const error = await rejectionOf(store.get(value.hash));
    expect(error.code).toBe('BackendUnavailable');
    await until('the store reads again', async () => await store.get(value.hash).catch(() => undefined));
    await store.close();
  });

  test('a connection that is reset costs one call, and none after it', async () => {
    proxy = await FaultProxy.to(await valkeyService());
    const store = await createValkeyDataStore({
      url: `valkey://127.0.0.1:${proxy.port}?prefix=test-${randomUUID()}`,
    });
    const value = sampleValue('value');
    for (let round = 0; round < 5; round += 1) {
      proxy.reset();
      await until('the value is put', async () => {
        try {
          await store.put([value]);
          return true;
        } catch (error) {
          expect(SelvageError.is(error, 'BackendUnavailable')).toBe(true);
          return false;
        }
      });
    }
    expect(await store.has(value.hash)).toBe(true);
    await store.close();
  });
});

describeWithPrivate('valkey')('a server that wants a password', () => {
  let server: PrivateService;
  let host: string;
  const user = (name: string, password: string, rest = ''): string =>
    `valkey://${name}:${password}@${host}${rest}`;

  beforeAll(async () => {
    server = await startPrivateValkey({ settings: { requirepass: PASSWORD } });
    const { host: name, port } = at(server.address);
    host = `${name}:${port}`;
  });

  afterAll(() => server.stop());

  test.each([
    ['a wrong password', () => user('', 'wr0ng-Pa55'), /refuses the user or the password/],
    ['an unknown user', () => user('nobody', 'wr0ng-Pa55'), /refuses the user or the password/],
    ['no password', () => `valkey://${host}`, /wants a password/],
  ])('%s', async (_, url, message) => {
    const error = await rejectionOf(createValkeyDataStore({ url: url() }));
    expect(error.code).toBe('BackendUnavailable');
    expect(error.message).toMatch(message);
    expect(printed(error)).not.toContain('wr0ng-Pa55');
  });

  test('the right one, and a user with no more than the documented rules', async () => {
    const connection = await reachValkey({ url: user('', PASSWORD) });
    const rules =
      'reset on >p%wd resetkeys ~{limited}:* -@all +hello +select +client|setname +eval +evalsha +time +exists +get +set +strlen +getrange +setrange +unlink +pexpire +persist +pttl +zadd +zrem +zrange +zrandmember +hset +hsetnx +hget +hmget +hkeys +hexists +hdel +incr +zrangebyscore +zrevrangebyscore +xadd +xrange +xrevrange +xread';
    await connection.command('acl', 'SETUSER', 'limited', ...rules.split(' '));
    await connection.close();
    const store = await createValkeyDataStore({ url: user('limited', 'p%25wd', '?prefix=limited&ttl=1h') });
    const value = sampleValue('value');
    await store.put([value]);
    await store.putStream(pieces(3));
    expect(await store.get(value.hash)).toBeDefined();
    expect((await store.list()).items).toHaveLength(2);
    await store.delete(value.hash);
    await store.close();
    const url = user('limited', 'p%25wd', '?prefix=limited');
    const tapestries = await createValkeyTapestryStore({ url });
    await tapestries.save(samplePlan());
    expect((await tapestries.list()).items).toHaveLength(1);
    const stop = new AbortController();
    const next = tapestries.subscribe('run', { signal: stop.signal }).next();
    await tapestries.offer({ runId: 'run', fragment: '1', offeredAt: 1 });
    expect((await next).value).toMatchObject({ fragment: '1' });
    stop.abort();
    await tapestries.close();
    const leases = await createValkeyLeaseTable({ url });
    const lease = { key: 'k', owner: 'o', token: 't' };
    expect(await leases.acquire({ ...lease, holder: 'h', limit: 1, ttl: 60_000 })).toEqual({ granted: true });
    expect(await leases.renew([lease], 60_000)).toEqual([true]);
    expect((await leases.takeTurn({ key: 'k', interval: 1, within: 1 })).granted).toBe(true);
    await leases.release(lease);
    expect(await leases.holders('k')).toEqual([]);
    await leases.close();
    const ledger = await createValkeyStartLedger({ url });
    const start = { trigger: 'kafka:orders', key: 'k', runId: 'orders~k', requestHash: null, event: {} };
    expect(await ledger.claim([start])).toMatchObject([{ inserted: true }]);
    await ledger.markStarted([start]);
    expect((await ledger.list()).items).toMatchObject([
      { key: 'k', startedAt: expect.any(Number) as number },
    ]);
    expect(await ledger.forget(Date.now() + 60_000)).toBe(1);
    await ledger.close();
    const other = await createValkeyDataStore({ url: user('limited', 'p%25wd', '?prefix=other') });
    const error = await rejectionOf(other.put([value]));
    await other.close();
    expect(error).toMatchObject(
      refusal('BackendUnavailable', /does not let this user do what is needed .*docs\/adapters\/valkey\.md/),
    );
  });

  test('triggers, whose users have no more than the documented rules', async () => {
    const admin = await reachValkey({ url: user('', PASSWORD) });
    const page = readFileSync(path.resolve(__dirname, '../../docs/adapters/valkey.md'), 'utf8');
    const rules = page.slice(page.indexOf('ACL SETUSER orders'), page.indexOf('`+config|get`'));
    const [forStream, forChannel] = rules
      .replaceAll('`', '')
      .split('ACL SETUSER ')
      .slice(1)
      .map((text) => text.trim().split(/\s+/));
    for (const words of [forStream!, forChannel!]) await admin.command('acl', 'SETUSER', ...words);
    await admin.command('xadd', 'orders', '*', 'data', '{"x":1}');
    await admin.command('xadd', 'orders', '*', 'data', '{');

    const ofStream = valkeyTrigger(doubled, { id: 'o', stream: 'orders' });
    const orders = new RecordingHost();
    const reading = orders.run(
      createValkeyTrigger(ofStream, { SELVAGE_VALKEY: `valkey://orders:password@${host}` }),
    );
    await until('both are done', () => orders.counts['dead-letter'] === 1 && orders.delivered.length === 1);
    await reading.stop();

    const ofChannel = valkeyTrigger(doubled, { id: 'n', channel: 'news', key: 'each' });
    const news = new RecordingHost();
    const hearing = news.run(
      createValkeyTrigger(ofChannel, { SELVAGE_VALKEY: `valkey://news:password@${host}` }),
    );
    await until('somebody listens', async () => (await admin.command('publish', 'news', '{"x":2}')) === 1);
    await until('it was heard', () => news.delivered.length > 0);
    await hearing.stop();
    expect([...orders.troubles, ...news.troubles].filter(Boolean)).toEqual([]);
    await admin.close();
  });

  test('a database that there is, and one that there is not', async () => {
    const prefix = `test-${randomUUID()}`;
    const second = await createValkeyDataStore({ url: user('', PASSWORD, `/1?prefix=${prefix}`) });
    const first = await createValkeyDataStore({ url: user('', PASSWORD, `?prefix=${prefix}`) });
    const value = sampleValue('value');
    await second.put([value]);
    expect(await second.has(value.hash)).toBe(true);
    expect(await first.has(value.hash)).toBe(false);
    await Promise.all([first.close(), second.close()]);
    expect(await rejectionOf(createValkeyDataStore({ url: user('', PASSWORD, '/99') }))).toMatchObject(
      refusal('InvalidUrl', 'has no database of this number'),
    );
  });

  test('a full memory is DiskFull; what is there is read and deleted, and there is room again', async () => {
    const admin = await reachValkey({ url: user('', PASSWORD) });
    const store = await createValkeyDataStore({ url: user('', PASSWORD, `?prefix=test-${randomUUID()}`) });
    const value = sampleValue('there');
    await store.put([value]);
    await admin.command('config', 'SET', 'maxmemory', '1');
    for (const write of [() => store.put([sampleValue('new')]), () => store.putStream(pieces(2))]) {
      expect(await rejectionOf(write())).toMatchObject(refusal('DiskFull', '`maxmemory`'));
    }
    expect(await store.get(value.hash)).toBeDefined();
    await store.delete(value.hash);
    expect(await store.has(value.hash)).toBe(false);
    await admin.command('config', 'SET', 'maxmemory', '0');
    await store.put([value]);
    expect(await store.has(sampleHash('new'))).toBe(false);
    await Promise.all([store.close(), admin.close()]);
  });

  test('what threatens the data is told, and what may not be asked is not', async () => {
    const admin = await reachValkey({ url: user('', PASSWORD) });
    const set = (name: string, value: string): Promise<unknown> =>
      admin.command('config', 'SET', name, value);
    expect(await threatsTo(admin)).toEqual([]);
    await set('appendonly', 'no');
    expect(await threatsTo(admin)).toEqual([expect.stringContaining('in memory only')]);
    await set('appendonly', 'yes');
    await set('maxmemory', '1gb');
    await set('maxmemory-policy', 'allkeys-lru');
    expect(await threatsTo(admin)).toEqual([expect.stringContaining('maxmemory-policy allkeys-lru')]);
    await set('maxmemory-policy', 'volatile-lru');
    expect(await threatsTo(admin)).toEqual([]);
    const expiring = await reachValkey({ url: user('', PASSWORD, '?ttl=1h') });
    expect(await threatsTo(expiring)).toEqual([expect.stringContaining('keys with a time to live')]);
    await admin.command('acl', 'SETUSER', 'blind', 'reset', 'on', '>pw', '~*', '+@all', '-config');
    const blind = await reachValkey({ url: user('blind', 'pw', '?ttl=1h') });
    expect(await threatsTo(blind)).toEqual([]);
    await set('maxmemory', '0');
    await Promise.all([admin, expiring, blind].map((connection) => connection.close()));
  });

  test('a replica is told apart', async () => {
    const admin = await reachValkey({ url: user('', PASSWORD) });
    const store = await createValkeyDataStore({ url: user('', PASSWORD, `?prefix=test-${randomUUID()}`) });
    // A replica of a primary that does not exist.
    await admin.command('replicaof', '127.0.0.1', '1');
    const opened = await rejectionOf(createValkeyDataStore({ url: user('', PASSWORD) }));
    const put = await rejectionOf(store.put([sampleValue('value')]));
    for (const error of [opened, put]) {
      expect(error).toMatchObject(refusal('BackendUnavailable', 'is a replica, which takes no writes'));
    }
    await admin.command('replicaof', 'NO', 'ONE');
    await store.put([sampleValue('value')]);
    await Promise.all([store.close(), admin.close()]);
  });
});

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index += 1) yield Buffer.alloc(1024 * 1024, index);
}
