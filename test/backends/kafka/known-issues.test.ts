import { Kafka, logLevel, type Consumer } from 'kafkajs';

import { KafkaPlace } from '../../support/kafka-place';
import { Latch } from '../../support/latch';
import { describeWith, kafkaService } from '../../support/services';
import { until } from '../../support/until';

/** Defects of kafkajs 2.2.4 that src/adapters/kafka works around. A test that fails here says that one is mended: then the work-around may go. */
describeWith('kafka')('known issues of kafkajs', () => {
  let place: KafkaPlace;
  let kafka: Kafka;
  const consumers: Consumer[] = [];
  const consumerOf = (groupId: string, more: object = {}): Consumer => {
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, retry: { retries: 2 }, ...more });
    consumers.push(consumer);
    return consumer;
  };
  beforeAll(async () => {
    place = await KafkaPlace.open(await kafkaService());
    kafka = new Kafka({ brokers: [place.address], logLevel: logLevel.NOTHING });
  });
  afterEach(async () => {
    await Promise.all(consumers.splice(0).map((consumer) => consumer.disconnect()));
  });
  afterAll(async () => await place.close());

  test('a TypeError stops a consumer for good', async () => {
    const topic = await place.topic();
    const consumer = consumerOf(topic);
    const [crashed, disconnected] = [new Latch<boolean>(), new Latch()];
    consumer.on(consumer.events.CRASH, ({ payload }) => crashed.open(payload.restart));
    consumer.on(consumer.events.DISCONNECT, () => disconnected.open());
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ eachMessage: () => Promise.reject(new TypeError('a slip')) });
    await place.send(topic, { a: 1 });
    expect(await crashed.passed).toBe(false);
    await disconnected.passed;
  });

  test('a slow batch costs the membership: it beats only between batches', async () => {
    const topic = await place.topic();
    const consumer = consumerOf(topic, { sessionTimeout: 1_500, heartbeatInterval: 300 });
    const [begun, go] = [new Latch(), new Latch()];
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async () => {
        begun.open();
        await go.passed;
      },
    });
    await place.send(topic, { a: 1 });
    await begun.passed;
    await until('the group has no member', async () => {
      const { groups } = await place.admin.describeGroups([topic]);
      return groups[0]!.members.length === 0;
    });
    go.open();
  });

  test('a slow partition keeps others of its broker from being read', async () => {
    const topic = await place.topic(2);
    const consumer = consumerOf(topic);
    const [begun, go] = [new Latch(), new Latch()];
    const read: number[] = [];
    let fetches = 0;
    consumer.on(consumer.events.FETCH, () => fetches++);
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      partitionsConsumedConcurrently: 2,
      eachBatch: async ({ batch }) => {
        read.push(batch.partition);
        if (batch.partition !== 0) return;
        begun.open();
        await go.passed;
      },
    });
    await place.send(topic, { value: '1', partition: 0 });
    await begun.passed;
    const before = fetches;
    await place.send(topic, { value: '2', partition: 1 });
    // Another consumer, of another group, reads both meanwhile.
    await place.readBack(topic, 2);
    expect(fetches).toBe(before);
    expect(read).toEqual([0]);
    go.open();
    await until('the other is read', () => read.includes(1));
  });

  test('a pattern is looked up once, when it is subscribed to', async () => {
    const family = place.name('family');
    const first = await place.topic(1, `${family}.a`);
    const consumer = consumerOf(family, { metadataMaxAge: 100 });
    const read: string[] = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [new RegExp(`^${family}`)], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ topic }) => {
        read.push(topic);
        return Promise.resolve();
      },
    });
    await place.send(first, '1');
    await until('the first is read', () => read.length === 1);
    const second = await place.topic(1, `${family}.b`);
    await place.send(second, '2');
    await place.readBack(second, 1);
    await place.send(first, '3');
    await until('the first is read again', () => read.length === 2);
    expect(read).toEqual([first, first]);
  });
});
