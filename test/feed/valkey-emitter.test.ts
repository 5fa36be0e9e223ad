import Valkey from 'iovalkey';

import { createValkeyEmitter } from '../../src/adapters/valkey/emitter';
import { valkeyEmitter, type Emitter, type RunEvent, type ValkeyEmitterOptions } from '../../src/emitters';
import { refusal } from '../support/refusal';
import { rejectionOf } from '../support/rejection-of';
import { sampleRun, type SampleRun } from '../support/run-events';
import {
  describeWith,
  describeWithPrivate,
  startPrivateValkey,
  valkeyService,
  type PrivateService,
} from '../support/services';
import { thrownBy } from '../support/thrown-by';
import { until } from '../support/until';
import { HOSTILE, hostileEvents } from '../support/hostile-events';
import { unique } from '../support/open-selvage';

let run: SampleRun;
const open: { close?(): Promise<void> }[] = [];
beforeAll(async () => {
  run = await sampleRun();
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close?.();
});

function emitter(url: string, options: ValkeyEmitterOptions): Emitter {
  const made = createValkeyEmitter(valkeyEmitter(options), { SELVAGE_VALKEY: url });
  open.push(made);
  return made;
}

function clientOf(url: string): Valkey {
  const client = new Valkey(url);
  client.on('error', () => {});
  open.push({
    close: () => {
      client.disconnect();
      return Promise.resolve();
    },
  });
  return client;
}

async function entriesOf(client: Valkey, stream: string): Promise<Record<string, string>[]> {
  const entries = await client.xrange(stream, '-', '+');
  return entries.map(([, fields]) =>
    Object.fromEntries(
      fields.flatMap((text, index) => (index % 2 === 0 ? [[text, fields[index + 1]!]] : [])),
    ),
  );
}

const ids = (): string[] => run.events.map(({ id }) => id);

test('an environment that names no server', () => {
  const declared = valkeyEmitter({ stream: 's', connection: 'EVENTS_VALKEY' });
  expect(thrownBy(() => createValkeyEmitter(declared, {}))).toMatchObject(
    refusal('InvalidConfig', 'EVENTS_VALKEY'),
  );
});

describeWith('valkey')('an emitter for Valkey', () => {
  let url: string;
  beforeAll(async () => {
    url = await valkeyService();
  });

  test('adds an entry for each event, in order, with the attributes of its CloudEvent', async () => {
    const stream = unique('events');
    await emitter(url, { stream, payloads: true }).deliver(run.events, run.context());
    const entries = await entriesOf(clientOf(url), stream);
    expect(entries.map(({ id }) => id)).toEqual(ids());
    const list = entries.find(({ subject }) => subject === 'sample-1/list')!;
    expect(list).toMatchObject({
      specversion: '1.0',
      type: 'dev.selvage.knot.finished',
      source: 'selvage:sample',
      datacontenttype: 'application/json',
      partitionkey: 'sample-1',
      outcome: 'ok',
    });
    expect(JSON.parse(list['data']!)).toMatchObject({ value: ['a', 'b\u001b[31m\u0000\u202e'] });
  });

  test('hostile texts come as they were', async () => {
    const stream = unique('events');
    const events = hostileEvents();
    await emitter(url, { stream }).deliver(events, run.context());
    const entries = await entriesOf(clientOf(url), stream);
    expect(entries.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(entries[1]).toMatchObject({ subject: `run-${HOSTILE}/knot-${HOSTILE}` });
    expect(JSON.parse(entries[1]!['data']!)).toMatchObject({
      record: { extra: { error: { message: HOSTILE } } },
    });
  });

  test('the stream keeps about as many entries as it may', async () => {
    const stream = unique('events');
    const one = emitter(url, { stream, maxLength: 100 });
    for (let round = 0; round < 100; round++) await one.deliver(run.events, run.context());
    const length = await clientOf(url).xlen(stream);
    // By default, a server removes whole nodes of a hundred.
    expect(length).toBeGreaterThanOrEqual(100);
    expect(length).toBeLessThan(300);
  });

  test('who listens on the channel hears them, too', async () => {
    const [stream, channel] = [unique('events'), unique('news')];
    const listener = clientOf(url);
    const heard: string[] = [];
    listener.on('message', (_: string, message: string) => {
      heard.push((JSON.parse(message) as { id: string }).id);
    });
    await listener.subscribe(channel);
    await emitter(url, { stream, channel }).deliver(run.events, run.context());
    await until('all are heard', () => heard.length === run.events.length);
    expect(heard).toEqual(ids());
  });

  test('a key of another kind is a failure, and nothing of the value is in its message', async () => {
    const stream = unique('events');
    const client = clientOf(url);
    await client.set(stream, 'text');
    const one = emitter(url, { stream, payloads: true });
    const error = await rejectionOf(Promise.resolve(one.deliver(run.events, run.context())));
    expect(error).toMatchObject(refusal('BackendUnavailable', 'WRONGTYPE'));
    await client.del(stream);
    await one.deliver(run.events, run.context({ attempt: 1 }));
    expect((await entriesOf(client, stream)).map(({ id }) => id)).toEqual(ids());
  });
});

describeWithPrivate('valkey')('a server that dies', () => {
  let server: PrivateService;
  beforeAll(async () => {
    server = await startPrivateValkey({ durable: true });
  });
  afterAll(async () => await server.stop());

  test('killed in mid delivery and back: nothing is lost, and what comes twice has the same id', async () => {
    const stream = unique('events');
    const one = emitter(server.address, { stream, maxLength: 1_000_000 });
    const sent: string[] = [];
    const more = (): RunEvent[] =>
      Array.from({ length: 500 }, (): RunEvent => {
        const id = `copy/${sent.length}`;
        sent.push(id);
        return { ...run.events[0]!, id };
      });
    const failures: unknown[] = [];
    let back: Promise<void> | undefined;
    const kill = until('a part is there', () => sent.length > 1_000).then(() => server.kill());
    for (let batch = more(); !back || failures.length === 0; batch = more()) {
      for (let attempt = 0; ; attempt++) {
        try {
          await one.deliver(batch, run.context({ attempt }));
          break;
        } catch (error) {
          failures.push(error);
          back ??= kill.then(() => server.restart());
          await back;
        }
      }
    }
    expect(failures[0]).toMatchObject({ code: 'BackendUnavailable' });
    const found = (await entriesOf(clientOf(server.address), stream)).map(({ id }) => id!);
    expect(new Set(found)).toEqual(new Set(sent.slice(0, -500)));
  });

  test('a server whose memory is full is said to be, and taken again when it has some', async () => {
    const stream = unique('events');
    const client = clientOf(server.address);
    await client.config('SET', 'maxmemory', '1');
    const one = emitter(server.address, { stream });
    const error = await rejectionOf(Promise.resolve(one.deliver(run.events, run.context())));
    expect(error.code).toBe('DiskFull');
    await client.config('SET', 'maxmemory', '0');
    await one.deliver(run.events, run.context({ attempt: 1 }));
    expect((await entriesOf(client, stream)).map(({ id }) => id)).toEqual(ids());
  });
});
