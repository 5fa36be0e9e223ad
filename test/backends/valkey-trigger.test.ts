import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { openValkey, type ValkeyConnection } from '../../src/adapters/valkey';
import { textOf } from '../../src/adapters/valkey/client-like';
import { createValkeyTrigger } from '../../src/adapters/valkey/trigger';
import { SelvageError } from '../../src/errors';
import { knot, tapestry } from '../../src/authoring';
import {
  valkeyTrigger,
  type Acceptance,
  type TriggerEvent,
  type ValkeyStreamOptions,
} from '../../src/triggers';
import { Latch } from '../support/latch';
import { rejectionOf } from '../support/rejection-of';
import { refusal } from '../support/refusal';
import { describeWith, describeWithPrivate, startPrivateValkey, valkeyService } from '../support/services';
import { RecordingHost } from '../support/trigger-host';
import { until } from '../support/until';

const double = knot('double', ({ x }: { x: number }) => x * 2);
const doubled = tapestry('doubled', (t) => ({ y: double({ x: t.parameter('x', z.number()) }, { id: 'd' }) }));

const stops: (() => Promise<void>)[] = [];
/** Triggers that run. */
const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((stop) => stop()));
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function connectTo(url: string): Promise<ValkeyConnection> {
  const connection = await openValkey({ url });
  stops.push(() => connection.close());
  return connection;
}

/** A trigger at work, told to stop after the test. */
function start(
  url: string,
  options: Partial<ValkeyStreamOptions<{ x: number }, 'json'>> & { readonly stream: string },
  host = new RecordingHost(),
): { readonly host: RecordingHost; readonly ended: Promise<void>; stop(): Promise<void> } {
  const declaration = valkeyTrigger(doubled, { id: 'orders', ...options });
  const { ended, stop } = host.run(createValkeyTrigger(declaration, { SELVAGE_VALKEY: url }));
  running.push(() => stop().catch(() => {}));
  return { host, ended, stop };
}

async function pendingOf(connection: ValkeyConnection, stream: string, group = 'orders'): Promise<number> {
  const [count] = (await connection.command('xpending', stream, group)) as [number];
  return count;
}

async function entriesOf(connection: ValkeyConnection, stream: string): Promise<Record<string, string>[]> {
  const entries = (await connection.command('xrange', stream, '-', '+')) as [Buffer, Buffer[]][];
  return entries.map(([, fields]) =>
    Object.fromEntries(
      fields.flatMap((field, index) => (index % 2 === 0 ? [[textOf(field), textOf(fields[index + 1])]] : [])),
    ),
  );
}

async function consumersOf(connection: ValkeyConnection, stream: string): Promise<string[]> {
  const consumers = (await connection.command('xinfo', 'CONSUMERS', stream, 'orders')) as unknown[][];
  return consumers.map((fields) => textOf(fields[1]));
}

describeWith('valkey')('a stream', () => {
  let url: string;
  let stream: string;
  let connection: ValkeyConnection;
  const add = async (...fields: string[]): Promise<string> =>
    textOf(await connection.command('xadd', stream, '*', ...fields));
  const addNumber = (x: number): Promise<string> => add('data', JSON.stringify({ x }));

  beforeAll(async () => {
    url = await valkeyService();
  });
  beforeEach(async () => {
    connection = await connectTo(url);
    stream = `test-${randomUUID()}`;
    stops.push(async () => void (await connection.command('del', stream, `${stream}.dead-letters`)));
  });

  test('entries are delivered with key and link, and acknowledged when they are accepted', async () => {
    const id = await addNumber(1);
    const { host, stop } = start(url, { stream });
    await until('it is delivered', () => host.delivered.length === 1);
    expect(host.delivered).toEqual([{ key: `${stream}/${id}`, body: { x: 1 }, link: { stream, entry: id } }]);
    await until('it is acknowledged', async () => (await pendingOf(connection, stream)) === 0);
    await stop();
    expect(await consumersOf(connection, stream)).toEqual([]);
  });

  test('a group that begins with what is new has nothing of before', async () => {
    await addNumber(1);
    const { host } = start(url, { stream, from: 'latest' });
    await until(
      'the group is there',
      async () => (await connection.command('exists', stream)) === 1 && (await groupsOf()) === 1,
    );
    const id = await addNumber(2);
    await until('it is delivered', () => host.delivered.length > 0);
    expect(host.keys).toEqual([`${stream}/${id}`]);
  });

  const groupsOf = async (): Promise<number> =>
    ((await connection.command('xinfo', 'GROUPS', stream)) as unknown[]).length;

  test('with a key of its own, another value under it is a dead letter, and the same is none', async () => {
    const host = new RecordingHost(async ({ requestHash }: TriggerEvent): Promise<Acceptance | undefined> => {
      const [first] = host.delivered;
      return first && first.requestHash !== requestHash
        ? { status: 'conflict', runId: 'the first', event: first.link }
        : undefined;
    });
    start(url, { stream, key: { field: 'id' } }, host);
    await add('id', 'a', 'data', '{"x":1}');
    await until('the first is delivered', () => host.delivered.length === 1);
    await add('id', 'a', 'data', '{"x":1}');
    await add('id', 'a', 'data', '{"x":2}');
    await until('there is a dead letter', () => host.counts['dead-letter'] === 1);
    expect(host.keys).toEqual(['a', 'a', 'a']);
    const [letter] = await entriesOf(connection, `${stream}.dead-letters`);
    expect(letter).toMatchObject({ 'selvage-reason': 'RunIdInUse', id: 'a', data: '{"x":2}' });
  });

  test('what cannot be read is a dead letter with reason, origin and bytes; those behind it are delivered', async () => {
    const bad = await add('data', '{"x":', 'other', 'kept');
    await add('without', 'data');
    const good = await addNumber(3);
    const { host } = start(url, { stream });
    await until('two are dead letters', () => host.counts['dead-letter'] === 2);
    await until('nothing is pending', async () => (await pendingOf(connection, stream)) === 0);
    expect(host.keys).toEqual([`${stream}/${good}`]);
    expect(host.counts).toEqual({ unreadable: 2, 'dead-letter': 2 });
    const letters = await entriesOf(connection, `${stream}.dead-letters`);
    expect(letters).toContainEqual({
      'selvage-trigger': 'valkey:orders',
      'selvage-stream': stream,
      'selvage-entry': bad,
      'selvage-group': 'orders',
      'selvage-reason': 'UnreadableEvent',
      'selvage-message': expect.stringContaining('not JSON') as unknown,
      data: '{"x":',
      other: 'kept',
    });
    expect(letters).toContainEqual(
      expect.objectContaining({
        without: 'data',
        'selvage-message': expect.stringContaining('no field "data"') as unknown,
      }),
    );
  });

  test('what is refused is a dead letter', async () => {
    const error = new SelvageError('InvalidParameters', 'x is missing');
    const { host } = start(url, { stream }, new RecordingHost(async () => ({ status: 'refused', error })));
    await addNumber(1);
    await until('it is a dead letter', () => host.counts['dead-letter'] === 1);
    const [letter] = await entriesOf(connection, `${stream}.dead-letters`);
    expect(letter).toMatchObject({
      'selvage-reason': 'InvalidParameters',
      'selvage-message': 'x is missing',
    });
  });

  test('no more is read than the window has room for', async () => {
    const release = new Latch();
    const began = new Latch();
    const host = new RecordingHost(async () => {
      began.open();
      await release.passed;
      return undefined;
    });
    for (let x = 0; x < 20; x++) await addNumber(x);
    start(url, { stream, window: 5 }, host);
    await began.passed;
    await until('the window is full', async () => (await pendingOf(connection, stream)) === 5);
    // Another consumer of the group gets the rest, so the first has not read it.
    const other = start(url, { stream });
    await until('the others are delivered', () => other.host.delivered.length === 15);
    expect(host.delivered).toEqual([]);
    release.open();
    await until('all is acknowledged', async () => (await pendingOf(connection, stream)) === 0);
    expect(new Set([...host.keys, ...other.host.keys]).size).toBe(20);
  });

  test('what is refused by an outage is delivered again until it is accepted, and told', async () => {
    let failures = 0;
    const away = new SelvageError('BackendUnavailable', 'The ledger is away', { details: { away: true } });
    const host = new RecordingHost(async () => {
      failures += 1;
      if (failures <= 3) throw away;
      return undefined;
    });
    start(url, { stream }, host);
    await addNumber(1);
    await until('it is delivered', () => host.delivered.length === 1);
    await until('it is acknowledged', async () => (await pendingOf(connection, stream)) === 0);
    expect(failures).toBe(4);
    expect(host.troubles).toEqual([away, undefined]);
  });

  test('one that fails by itself holds up no other', async () => {
    const host = new RecordingHost(async ({ body }) => {
      if ((body as { x: number }).x === 1) throw new TypeError('a defect');
      return undefined;
    });
    const release = Promise.all([1, 2, 3].map(addNumber));
    await release;
    start(url, { stream }, host);
    await until('the others are delivered', () => host.delivered.length === 2);
    expect(host.delivered.map(({ body }) => body)).toEqual([{ x: 2 }, { x: 3 }]);
    await until('only it is pending', async () => (await pendingOf(connection, stream)) === 1);
  });

  test('a stop waits for what is being accepted, and acknowledges it', async () => {
    const release = new Latch();
    const began = new Latch();
    const host = new RecordingHost(async () => {
      began.open();
      await release.passed;
      return undefined;
    });
    const { stop } = start(url, { stream }, host);
    await addNumber(1);
    await began.passed;
    const stopped = stop();
    release.open();
    await stopped;
    expect(host.delivered).toHaveLength(1);
    expect(await pendingOf(connection, stream)).toBe(0);
  });

  test('what a dead consumer had is taken over; what was deleted meanwhile is counted as lost', async () => {
    await connection.command('xgroup', 'CREATE', stream, 'orders', '0', 'MKSTREAM');
    const ids = [await addNumber(1), await addNumber(2), await addNumber(3)];
    await connection.command('xreadgroup', 'GROUP', 'orders', 'dead', 'STREAMS', stream, '>');
    await connection.command('xdel', stream, ids[1]!);
    const { host } = start(url, { stream, claimAfter: 1_000 });
    await until('both are delivered', () => host.delivered.length === 2);
    expect(host.keys).toEqual([`${stream}/${ids[0]}`, `${stream}/${ids[2]}`]);
    await until('nothing is pending', async () => (await pendingOf(connection, stream)) === 0);
    expect(host.counts['lost']).toBe(1);
  });

  test('a stream that is deleted is read from its beginning when it is there again', async () => {
    const { host } = start(url, { stream, from: 'latest' });
    await until('the group is there', async () => (await connection.command('exists', stream)) === 1);
    await connection.command('del', stream);
    await addNumber(1);
    await until('it is delivered', () => host.delivered.length === 1);
  });

  test('how many wait is told', async () => {
    const release = new Latch();
    const host = new RecordingHost(async () => {
      await release.passed;
      return undefined;
    });
    for (let x = 0; x < 10; x++) await addNumber(x);
    start(url, { stream, window: 1 }, host);
    await until('the lag is told', () => host.lags.get(stream) === 10);
    release.open();
    await until('there is none', () => host.lags.get(stream) === 0);
  });

  test('twenty producers and twenty consumers: each entry is delivered, once', async () => {
    const hosts = Array.from({ length: 20 }, () => start(url, { stream }).host);
    const sent = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const producer = await connectTo(url);
        const ids: string[] = [];
        for (let x = 0; x < 200; x++)
          ids.push(textOf(await producer.command('xadd', stream, '*', 'data', `{"x":${x}}`)));
        return ids;
      }),
    );
    const all = (): string[] => hosts.flatMap(({ keys }) => keys);
    await until('all are delivered', () => all().length >= 4_000);
    await until('nothing is pending', async () => (await pendingOf(connection, stream)) === 0);
    expect(all().sort()).toEqual(
      sent
        .flat()
        .map((id) => `${stream}/${id}`)
        .sort(),
    );
    expect(hosts.filter(({ delivered }) => delivered.length > 0).length).toBeGreaterThan(1);
  });
});

describeWith('valkey')('a channel', () => {
  let url: string;
  let channel: string;
  let connection: ValkeyConnection;

  beforeAll(async () => {
    url = await valkeyService();
  });
  beforeEach(async () => {
    connection = await connectTo(url);
    channel = `test-${randomUUID()}`;
  });

  interface Said {
    readonly x: number;
  }

  async function listen(
    host: RecordingHost,
    options: { readonly backlog?: number; readonly window?: number; readonly pattern?: string } = {},
  ): Promise<void> {
    const { pattern, ...others } = options;
    const declaration = valkeyTrigger(doubled, {
      id: 'orders',
      channel: pattern === undefined ? channel : { pattern },
      key: ({ value }) => `${channel}-${(value as Said).x}`,
      sequence: ({ value }) => (value as Said).x,
      ...others,
    });
    running.push(host.run(createValkeyTrigger(declaration, { SELVAGE_VALKEY: url })).stop);
    await until('it listens', async () => {
      const [, count] = (await connection.command('pubsub', 'NUMSUB', channel)) as [Buffer, number];
      return pattern === undefined ? count > 0 : Number(await connection.command('pubsub', 'NUMPAT')) > 0;
    });
  }

  const publish = async (x: unknown): Promise<void> =>
    void (await connection.command('publish', channel, JSON.stringify({ x })));

  test('messages are delivered; what is missing in the sequence is counted as lost', async () => {
    const host = new RecordingHost();
    await listen(host);
    for (const x of [1, 2, 5]) await publish(x);
    await until('all are delivered', () => host.delivered.length === 3);
    expect(host.delivered.map(({ body, link }) => ({ body, link }))).toEqual(
      [1, 2, 5].map((x) => ({ body: { x }, link: { channel } })),
    );
    expect(host.counts).toEqual({ lost: 2 });
  });

  test('two processes that listen deliver one message under one key', async () => {
    const hosts = [new RecordingHost(), new RecordingHost()];
    await Promise.all(hosts.map((host) => listen(host)));
    await until('both listen', async () => {
      const [, count] = (await connection.command('pubsub', 'NUMSUB', channel)) as [Buffer, number];
      return count === 2;
    });
    await publish(1);
    await until('both have it', () => hosts.every(({ delivered }) => delivered.length === 1));
    expect(hosts.map(({ keys }) => keys)).toEqual([[`${channel}-1`], [`${channel}-1`]]);
  });

  test('a pattern hears of all channels that match it', async () => {
    const host = new RecordingHost();
    await listen(host, { pattern: `${channel}*` });
    await publish(1);
    await until('it is delivered', () => host.delivered.length === 1);
  });

  test('what comes faster than runs can be started is lost, and counted', async () => {
    const release = new Latch();
    const host = new RecordingHost(async () => {
      await release.passed;
      return undefined;
    });
    await listen(host, { window: 1, backlog: 2 });
    for (let x = 1; x <= 6; x++) await publish(x);
    await until('three are lost', () => host.counts['lost'] === 3);
    release.open();
    await until('the others are delivered', () => host.delivered.length === 3);
    expect(host.lines.filter((line) => line.includes('faster than runs can be started'))).toHaveLength(1);
  });

  test('what cannot be read is counted and told, and holds up nothing', async () => {
    const host = new RecordingHost();
    await listen(host);
    await connection.command('publish', channel, '{');
    await publish('no number');
    await publish(1);
    await until('the good one is delivered', () => host.delivered.length === 1);
    expect(host.counts['unreadable']).toBe(2);
  });

  /** Ids of the clients of the server that listen to channels. */
  const listeners = async (): Promise<string[]> => {
    const clients = textOf(await connection.command('client', 'LIST', 'TYPE', 'pubsub'));
    return [...clients.matchAll(/^id=(\d+)/gm)].map(([, id]) => id!);
  };

  test('a time without a connection is told, and counted as a gap', async () => {
    // Other test files listen on this server, too.
    const others = await listeners();
    const host = new RecordingHost();
    await listen(host);
    const own = (await listeners()).filter((id) => !others.includes(id));
    await publish(1);
    await until('it is delivered', () => host.delivered.length === 1);
    for (const id of own) await connection.command('client', 'KILL', 'ID', id);
    await until('the gap is told', () => host.counts['gap'] === 1);
    await until('it listens again', async () => {
      const [, count] = (await connection.command('pubsub', 'NUMSUB', channel)) as [Buffer, number];
      return count > 0;
    });
    await publish(2);
    await until('it is delivered', () => host.delivered.length === 2);
    expect(host.lines.join()).toMatch(/Nobody listened to .* is lost/);
  });
});

describeWithPrivate('valkey')('a server', () => {
  test('that goes away and comes back: nothing is lost, and it is told', async () => {
    const server = await startPrivateValkey({ durable: true });
    stops.push(server.stop);
    const stream = 'orders';
    const host = new RecordingHost();
    const before = await connectTo(server.address);
    await before.command('xadd', stream, '*', 'data', '{"x":1}');
    start(server.address, { stream }, host);
    await until('the first is delivered', () => host.delivered.length === 1);
    await server.kill();
    await until('the outage is told', () => host.troubles.length === 1);
    await server.restart();
    const after = await connectTo(server.address);
    await after.command('xadd', stream, '*', 'data', '{"x":2}');
    await until('the second is delivered', () =>
      host.delivered.some(({ body }) => (body as { x: number }).x === 2),
    );
    expect(new Set(host.delivered.map(({ body }) => (body as { x: number }).x))).toEqual(new Set([1, 2]));
    expect(host.troubles.map((error) => error?.code)).toEqual(['BackendUnavailable', undefined]);
  });

  test('that is away at the beginning is waited for', async () => {
    const server = await startPrivateValkey();
    stops.push(server.stop);
    await server.kill();
    const { host } = start(server.address, { stream: 'orders' });
    await until('the outage is told', () => host.troubles.length === 1);
    await server.restart();
    const connection = await connectTo(server.address);
    await connection.command('xadd', 'orders', '*', 'data', '{"x":1}');
    await until('it is delivered', () => host.delivered.length === 1);
  });

  test('that refuses the password ends the trigger, and no message has it', async () => {
    const server = await startPrivateValkey({ settings: { requirepass: 'right' } });
    stops.push(server.stop);
    const url = server.address.replace('valkey://', 'valkey://:wr0ng@');
    const { ended } = start(url, { stream: 'orders' });
    const error = await rejectionOf(ended);
    expect(error).toMatchObject(refusal('BackendUnavailable', 'refuses the user or the password'));
    expect(error.message).not.toContain('wr0ng');
  });
});

test('without an address the variable is named that should have it', async () => {
  const declaration = valkeyTrigger(doubled, { id: 'orders', stream: 'orders', connection: 'ORDERS' });
  expect(() => createValkeyTrigger(declaration, {})).toThrow(
    expect.objectContaining({
      code: 'InvalidConfig',
      message: expect.stringContaining('the environment variable ORDERS is not set') as unknown,
    }) as Error,
  );
});
