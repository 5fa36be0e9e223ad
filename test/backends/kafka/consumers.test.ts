import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { kafkaTrigger } from '../../../src';
import type { ConsumerListener, KafkaClient } from '../../../src/adapters/kafka';
import { KafkaPlace } from '../../support/kafka-place';
import { Latch } from '../../support/latch';
import { describeWith, kafkaService, startPrivateKafka } from '../../support/services';
import { RecordingHost } from '../../support/trigger-host';
import { until } from '../../support/until';
import { withMethods } from '../../support/with-methods';
import { orders } from './orders';

const numbers = (...hosts: readonly RecordingHost[]): number[] =>
  hosts
    .flatMap(({ delivered }) => delivered.map(({ body }) => (body as { a: number }).a))
    .sort((a, b) => a - b);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A client whose consumers are told of. */
function listenedTo(client: KafkaClient, onConsume: (listener: ConsumerListener) => void): KafkaClient {
  return withMethods(client, {
    consume: (options, listener) => {
      onConsume(listener);
      return client.consume(options, listener);
    },
  });
}

/** Clients whose members the group misses after so many milliseconds of silence. */
const withSessions = (place: KafkaPlace, sessionTimeout: number) => async (): Promise<KafkaClient> => {
  const client = await place.client();
  return withMethods(client, {
    consume: (options, listener) => client.consume({ ...options, sessionTimeout }, listener),
  });
};

/** A process that is a member of the group of a topic's name for five minutes after its last heartbeat. */
async function consumerProcess(address: string, topic: string): Promise<ChildProcess> {
  const child = fork(path.join(__dirname, 'consumer-process.ts'), [address, topic], {
    execArgv: ['--require', require.resolve('tsx/cjs')],
  });
  await once(child, 'message');
  return child;
}

describeWith('kafka')('the consumer of a Kafka trigger', () => {
  let kafka: KafkaPlace;
  beforeAll(async () => {
    kafka = await KafkaPlace.open(await kafkaService());
  });
  afterEach(async () => await kafka.stopAll());
  afterAll(async () => await kafka.close());

  const declared = (topic: string, more: object = {}) =>
    kafkaTrigger(orders, { id: 'o', topics: topic, group: topic, ...more });

  test('is built anew when it has died, once, and goes on from what is committed', async () => {
    const topic = await kafka.topic();
    const listeners: ConsumerListener[] = [];
    const host = new RecordingHost();
    const open = async () => listenedTo(await kafka.client(), (listener) => listeners.push(listener));
    kafka.run(host, declared(topic), { open });
    await kafka.send(topic, { a: 0 });
    await kafka.isCommitted(topic, topic, 1);
    // A broker that has just come up may have let the first ones down.
    const before = listeners.length;
    listeners.at(-1)!.died(new TypeError('Cannot read properties of undefined'));
    await kafka.send(topic, { a: 1 });
    await kafka.isCommitted(topic, topic, 2);
    expect(listeners).toHaveLength(before + 1);
    expect(numbers(host)).toEqual([0, 1]);
    expect(host.troubles.map((error) => error?.code)).toContain('DeliveryFailed');
    expect(host.isWaiting).toBe(false);
  });

  test('two share the partitions; what one has begun when the other comes counts once, and what one leaves the other takes', async () => {
    const topic = await kafka.topic(4);
    const [begun, go] = [new Latch(), new Latch()];
    let isFirst = true;
    const one = new RecordingHost(async () => {
      if (!isFirst) return undefined;
      isFirst = false;
      begun.open();
      await go.passed;
      return undefined;
    });
    const other = new RecordingHost();
    const first = kafka.run(one, declared(topic, { window: 8 }));
    await kafka.send(topic, ...upTo(200).map((a) => ({ value: JSON.stringify({ a }), partition: a % 4 })));
    await begun.passed;
    kafka.run(other, declared(topic, { window: 8 }));
    const reads = ({ lines }: RecordingHost): number =>
      lines.findLast((line) => line.startsWith(`reads ${topic}/`))?.split(', ').length ?? 0;
    await until('each reads two of them', () => reads(one) === 2 && reads(other) === 2);
    go.open();
    await until('all are delivered', () => new Set(numbers(one, other)).size === 200);
    await first.stop();
    await kafka.send(
      topic,
      ...upTo(8).map((a) => ({ value: JSON.stringify({ a: 200 + a }), partition: a % 4 })),
    );
    // kafkajs does not say whether the group has heard that a member leaves: else its session, of 30 s, has to end.
    for (const partition of [0, 1, 2, 3]) await kafka.isCommitted(topic, topic, 52, partition, 90_000);
    expect(new Set(numbers(one, other))).toEqual(new Set(upTo(208)));
  });

  test('takes over at once from a process that was killed on its machine, and is not ready before', async () => {
    const topic = await kafka.topic();
    await kafka.send(topic, { a: 0 });
    const killed = await consumerProcess(kafka.address, topic);
    // Its group would miss it after five minutes.
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const [host, standby] = [new RecordingHost(), new RecordingHost()];
    kafka.run(host, declared(topic));
    expect(host.isWaiting).toBe(true);
    await kafka.isCommitted(topic, topic, 1);
    expect(host.isWaiting).toBe(false);
    expect(numbers(host)).toEqual([0]);
    kafka.run(standby, declared(topic));
    await until('one of them says that it has none', () =>
      [...host.notes, ...standby.notes].some((note) => note?.startsWith('no partition')),
    );
  });

  test('a slow start costs neither its membership nor the other partitions', async () => {
    const topic = await kafka.topic(2);
    const slow = new Latch();
    const host = new RecordingHost(async ({ link }) => {
      if (link['partition'] === 0) await slow.passed;
      return undefined;
    });
    let beats = 0;
    const joins = (): number => host.lines.filter((line) => line.startsWith('reads ')).length;
    kafka.run(host, declared(topic), { open: withSessions(kafka, 1_000) });
    await kafka.send(topic, { value: '{"a":0}', partition: 0 });
    await until('it reads', () => joins() > 0);
    // A machine that stands still for a second costs it a membership, but not one after the other.
    await until('it has outlived three sessions', async () => {
      const [joined, began] = [joins(), performance.now()];
      while (joins() === joined && performance.now() - began < 3_000) {
        await kafka.send(topic, { value: JSON.stringify({ a: ++beats }), partition: 1 });
        await kafka.isCommitted(topic, topic, beats, 1);
      }
      return joins() === joined;
    });
    slow.open();
    await kafka.isCommitted(topic, topic, 1, 0);
    expect([...new Set(numbers(host))]).toEqual(upTo(beats + 1));
  });

  test('an outage of the broker is told and survived, by kill -9 too', async () => {
    const broker = await startPrivateKafka();
    const place = await KafkaPlace.open(broker.address);
    try {
      const topic = await place.topic();
      const host = new RecordingHost();
      // Much longer than the test waits: the group must not wait for the member that died of the outage.
      place.run(host, declared(topic), { open: withSessions(place, 600_000) });
      await place.send(topic, { a: 0 });
      await place.isCommitted(topic, topic, 1);
      await broker.kill();
      await until('it is told', () => host.troubles.at(-1)?.code === 'BrokerUnavailable');
      await broker.restart();
      await until('it delivers again', () => host.troubles.at(-1) === undefined);
      await place.send(topic, { a: 1 });
      await place.isCommitted(topic, topic, 2);
      expect(new Set(numbers(host))).toEqual(new Set([0, 1]));
    } finally {
      await place.close();
      await broker.stop();
    }
  });
});
