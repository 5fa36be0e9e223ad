import { Kafka as KafkaBinding } from 'cloudevents';

import type { KafkaClient } from '../../src/adapters/kafka';
import { openKafkaClient } from '../../src/adapters/kafka';
import { createKafkaEmitter } from '../../src/adapters/kafka/emitter';
import { kafkaEmitter, type Emitter, type KafkaEmitterOptions, type RunEvent } from '../../src/emitters';
import { FaultProxy } from '../support/fault-proxy';
import { HOSTILE, hostileEvents } from '../support/hostile-events';
import { KafkaPlace, type ReadBack } from '../support/kafka-place';
import { refusal } from '../support/refusal';
import { rejectionOf } from '../support/rejection-of';
import { sampleRun, type SampleRun } from '../support/run-events';
import {
  describeWith,
  describeWithPrivate,
  kafkaService,
  startPrivateKafka,
  type PrivateService,
} from '../support/services';
import { until } from '../support/until';

let run: SampleRun;
const open: Emitter[] = [];
beforeAll(async () => {
  run = await sampleRun();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close!();
});

function emitter(address: string, options: KafkaEmitterOptions): Emitter {
  const made = createKafkaEmitter(kafkaEmitter(options), {
    open: (client) => openKafkaClient({ brokers: [address], prefix: 'SELVAGE_KAFKA' }, client),
  });
  open.push(made);
  return made;
}

/** As the official package reads a message. */
function read({ key, value, headers }: ReadBack): Record<string, unknown> {
  const event = KafkaBinding.toEvent({ key, value: value?.toString(), headers, body: undefined } as never);
  return JSON.parse(JSON.stringify(event)) as Record<string, unknown>;
}
const idOf = (message: ReadBack): string => message.headers['ce_id']!;
const idsOf = (type?: RunEvent['type']): string[] =>
  run.events.filter((event) => type === undefined || event.type === type).map(({ id }) => id);

describeWith('kafka')('an emitter for Kafka', () => {
  let kafka: KafkaPlace;
  beforeAll(async () => {
    kafka = await KafkaPlace.open(await kafkaService());
  });
  afterAll(async () => await kafka.close());

  test('sends runs, knots and results to their topics, as CloudEvents keyed by run', async () => {
    const [status, lineage, result] = [await kafka.topic(3), await kafka.topic(3), await kafka.topic(3)];
    const one = emitter(kafka.address, { topics: { status, lineage, result } });
    expect(await one.deliver(run.events, run.context())).toEqual({ rejected: [] });

    const runs = await kafka.readBack(status, 2);
    expect(runs.map(idOf)).toEqual([...idsOf('run-started'), ...idsOf('run-ended')]);
    const knots = await kafka.readBack(lineage, idsOf('knot-finished').length);
    expect(knots.map(idOf)).toEqual(idsOf('knot-finished'));
    for (const message of [...runs, ...knots]) {
      expect(message.key).toBe('sample-1');
      expect(read(message)).toMatchObject({
        specversion: '1.0',
        source: 'selvage:sample',
        partitionkey: 'sample-1',
        datacontenttype: 'application/json',
      });
    }
    const told = read(knots.find(({ headers }) => headers['ce_subject'] === 'sample-1/fail')!);
    expect(told).toMatchObject({
      outcome: 'err',
      data: { record: { knot_id: 'fail', extra: { error: { type: 'RangeError' } } } },
    });

    const results = (await kafka.readBack(result, 3)).map((message) => read(message));
    expect(results).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          type: 'dev.selvage.run.result',
          id: `${idsOf('run-ended')[0]}/shouted`,
          data: expect.objectContaining({
            terminal: 'shouted',
            outcome: 'ok',
            value: ['A', 'B\u001b[31M\u0000\u202e'],
          }),
        }),
        expect.objectContaining({
          data: expect.objectContaining({
            terminal: 'when',
            value_omitted: 'not-json',
            output_hash: expect.stringMatching(/^sha256:/) as string,
          }),
        }),
        expect.objectContaining({
          data: expect.objectContaining({ terminal: 'after', outcome: 'skipped', output_hash: null }),
        }),
      ]) as unknown[],
    );
    expect(JSON.stringify(results.map(({ data }) => data))).not.toContain('"value":null');
  });

  test('structured: the message is the event', async () => {
    const topic = await kafka.topic();
    const one = emitter(kafka.address, { topics: { lineage: topic }, form: 'structured', payloads: true });
    await one.deliver(run.events, run.context());
    const messages = await kafka.readBack(topic, idsOf('knot-finished').length);
    const events = messages.map((message) => read(message));
    expect(events.map(({ id }) => id)).toEqual(idsOf('knot-finished'));
    expect(events.find(({ subject }) => subject === 'sample-1/list')!['data']).toMatchObject({
      value: ['a', 'b\u001b[31m\u0000\u202e'],
    });
  });

  test.each(['binary', 'structured'] as const)('%s: hostile texts come as they were', async (form) => {
    const topic = await kafka.topic();
    const events = hostileEvents();
    const one = emitter(kafka.address, { topics: { status: topic, lineage: topic }, form });
    await one.deliver(events, run.context());
    const told = (await kafka.readBack(topic, events.length)).map((message) => read(message));
    expect(told.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    expect(told[1]).toMatchObject({
      subject: `run-${HOSTILE}/knot-${HOSTILE}`,
      data: { record: { extra: { error: { message: HOSTILE } } } },
    });
  });

  test('one topic for runs and knots keeps the order of events', async () => {
    const topic = await kafka.topic();
    await emitter(kafka.address, { topics: { status: topic, lineage: topic } }).deliver(
      run.events,
      run.context(),
    );
    expect((await kafka.readBack(topic, run.events.length)).map(idOf)).toEqual(idsOf());
  });

  test('a topic that there is not is told, and used once it is there', async () => {
    const topic = kafka.name();
    const one = emitter(kafka.address, { topics: { status: topic } });
    const error = await rejectionOf(Promise.resolve(one.deliver(run.events, run.context())));
    expect(error).toMatchObject(refusal('UnknownTopic', topic));
    await kafka.topic(1, topic);
    await one.deliver(run.events, run.context());
    expect((await kafka.readBack(topic, 2)).map(idOf)).toEqual([
      ...idsOf('run-started'),
      ...idsOf('run-ended'),
    ]);
  });

  test('many small messages are split until the topic takes them; one that is too large alone is rejected', async () => {
    const topic = await kafka.topic(1, kafka.name(), { 'max.message.bytes': '20000' });
    const [like] = run.events.filter((event) => event.type === 'knot-finished');
    const copy = (index: number, size: number): RunEvent => ({
      ...like!,
      id: `copy/${index}`,
      record: { ...like!.record, worker: 'x'.repeat(size) },
    });
    const events = Array.from({ length: 40 }, (_, index) => copy(index, index === 17 ? 30_000 : 1_000));
    const delivery = await emitter(kafka.address, { topics: { lineage: topic } }).deliver(
      events,
      run.context(),
    );
    expect(delivery).toEqual({
      rejected: [{ id: 'copy/17', reason: expect.stringContaining(topic) as string }],
    });
    const arrived = await kafka.readBack(topic, 39);
    expect(arrived.map(idOf)).toEqual(events.map(({ id }) => id).filter((id) => id !== 'copy/17'));
  });

  test('an aborted delivery ends, and the next one sends all', async () => {
    const topic = await kafka.topic();
    // A broker names its own address to clients, so that the proxy is only met where it is asked for the first time.
    const proxy = await FaultProxy.to({ host: '127.0.0.1', port: Number(kafka.address.split(':')[1]) });
    let failed: Promise<unknown> | undefined;
    try {
      const one = emitter(`127.0.0.1:${proxy.port}`, { topics: { status: topic } });
      proxy.silence();
      const stop = new AbortController();
      const delivery = Promise.resolve(one.deliver(run.events, run.context({ signal: stop.signal })));
      failed = delivery.catch((error: unknown) => error);
      await until('it has been connected to', () => proxy.counts.accepted > 0);
      stop.abort(new Error('stopped'));
      await proxy.mend();
      await one.deliver(run.events, run.context({ attempt: 1 }));
      expect(new Set((await kafka.readBack(topic, 2)).map(idOf))).toEqual(
        new Set([...idsOf('run-started'), ...idsOf('run-ended')]),
      );
    } finally {
      await proxy.close();
      expect(await failed).toBeInstanceOf(Error);
    }
  });
});

describeWithPrivate('kafka')('a broker that dies', () => {
  let broker: PrivateService;
  let kafka: KafkaPlace;
  beforeAll(async () => {
    broker = await startPrivateKafka({ settings: { 'broker.session.timeout.ms': '4000' } });
    kafka = await KafkaPlace.open(broker.address);
  });
  afterAll(async () => {
    await kafka.close();
    await broker.stop();
  });

  test('killed in mid delivery and back: nothing is lost, and what comes twice has the same id', async () => {
    const topic = await kafka.topic(2);
    let sent = 0;
    const one = createKafkaEmitter(kafkaEmitter({ topics: { lineage: topic } }), {
      open: async (options) => {
        const client = await openKafkaClient({ brokers: [broker.address], prefix: 'SELVAGE_KAFKA' }, options);
        const send: KafkaClient['send'] = async (...args) => {
          await client.send(...args);
          sent++;
        };
        return { send, close: () => client.close() } as KafkaClient;
      },
    });
    open.push(one);
    const [like] = run.events.filter((event) => event.type === 'knot-finished');
    // Several requests: some 60 of them make half a megabyte.
    const events = Array.from({ length: 600 }, (_, index): RunEvent => ({
      ...like!,
      id: `copy/${index}`,
      record: { ...like!.record, worker: 'x'.repeat(8_000) },
    }));
    let isKilled = false;
    const kill = until('a part is sent', () => sent >= 2).then(async () => {
      await broker.kill();
      isKilled = true;
    });
    let failures = 0;
    for (let attempt = 0; ; attempt++) {
      try {
        await one.deliver(events, run.context({ attempt }));
        if (isKilled) break;
      } catch {
        failures++;
        await kill;
        await broker.restart();
      }
    }
    await kill;
    expect(failures).toBeGreaterThan(0);
    const idsIn = (found: readonly ReadBack[]): Set<string> => new Set(found.map(idOf));
    const messages = await kafka.readUntil(
      topic,
      'all are there',
      (found) => idsIn(found).size >= events.length,
    );
    expect(idsIn(messages)).toEqual(new Set(events.map(({ id }) => id)));
  });
});
