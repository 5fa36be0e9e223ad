import { z } from 'zod';

import { kafkaTrigger } from '../../../src';
import type { KafkaClient } from '../../../src/adapters/kafka';
import { SelvageError } from '../../../src/errors';
import { KafkaPlace } from '../../support/kafka-place';
import { Latch } from '../../support/latch';
import { describeWith, kafkaService } from '../../support/services';
import { RecordingHost } from '../../support/trigger-host';
import { withMethods } from '../../support/with-methods';
import { orders } from './orders';

const away = (): SelvageError =>
  new SelvageError('BackendUnavailable', 'The ledger is away.', { details: { away: true } });

const numbers = (host: RecordingHost): unknown[] =>
  host.delivered.map(({ body }) => (body as { a: number }).a).sort((a, b) => a - b);

describeWith('kafka')('a Kafka trigger in trouble', () => {
  let kafka: KafkaPlace;
  beforeAll(async () => {
    kafka = await KafkaPlace.open(await kafkaService());
  });
  afterEach(async () => await kafka.stopAll());
  afterAll(async () => await kafka.close());

  test('an outage loses nothing, commits nothing and says so; then all goes on', async () => {
    const topic = await kafka.topic();
    let failures = 0;
    const over = new Latch();
    let isAway = true;
    const host = new RecordingHost(async () => {
      if (!isAway) return undefined;
      failures++;
      if (failures >= 13) over.open();
      await Promise.resolve();
      throw away();
    });
    kafka.run(host, kafkaTrigger(orders, { id: 'o', topics: topic, group: topic }));
    await kafka.send(topic, ...Array.from({ length: 10 }, (_, a) => ({ a })));
    await over.passed;
    // All ten at first, and then one at a time.
    expect(await kafka.committed(topic, topic)).toBe(-1);
    expect(host.troubles).toHaveLength(1);
    expect(host.troubles[0]).toMatchObject({
      code: 'BackendUnavailable',
      details: { topic, partition: 0, away: true },
    });
    isAway = false;
    await kafka.isCommitted(topic, topic, 10);
    expect(numbers(host)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(host.troubles.at(-1)).toBeUndefined();
    expect(host.counts).toEqual({});
  });

  test('one message that cannot be delivered stops its partition, and no other', async () => {
    const topic = await kafka.topic(2);
    const to = (partition: number, a: number) => ({ value: JSON.stringify({ a }), partition });
    let isStuck = true;
    const host = new RecordingHost(async ({ body }) => {
      await Promise.resolve();
      if (isStuck && (body as { a: number }).a === 2) throw new TypeError('nobody has foreseen it');
      return undefined;
    });
    kafka.run(host, kafkaTrigger(orders, { id: 'o', topics: topic, group: topic, window: 1 }));
    await kafka.send(topic, to(0, 1), to(0, 2), to(0, 3), to(1, 11), to(1, 12));
    await kafka.isCommitted(topic, topic, 2, 1);
    await kafka.isCommitted(topic, topic, 1, 0);
    await kafka.send(topic, to(1, 13));
    await kafka.isCommitted(topic, topic, 3, 1);
    expect(numbers(host)).toEqual([1, 11, 12, 13]);
    expect(host.troubles.at(-1)).toMatchObject({
      code: 'DeliveryFailed',
      message: expect.stringContaining(`${topic}/0 waits at offset 1`) as string,
    });
    isStuck = false;
    await kafka.isCommitted(topic, topic, 3, 0);
    expect(numbers(host)).toEqual([1, 2, 3, 11, 12, 13]);
  });

  test('what cannot be read goes to the dead letters as it was, with the reason, and the rest goes on', async () => {
    const topic = await kafka.topic();
    const host = new RecordingHost(({ body }) => {
      const error = new SelvageError('InvalidParameters', 'There is no such parameter.');
      return Promise.resolve((body as { a: number }).a === 4 ? { status: 'refused', error } : undefined);
    });
    const format = z.object({ a: z.number() });
    kafka.run(host, kafkaTrigger(orders, { id: 'o', topics: topic, group: topic, format }));
    const broken = Buffer.from([0x7b, 0xff, 0x00]);
    await kafka.send(
      topic,
      { a: 1 },
      { value: broken, key: 'k', headers: { source: 'shop' } },
      { value: '{"a":' },
      { a: 'three' },
      null,
      { a: 4 },
      { a: 5 },
    );
    await kafka.isCommitted(topic, topic, 7);
    expect(numbers(host)).toEqual([1, 4, 5]);
    expect(host.counts).toEqual({ unreadable: 4, 'dead-letter': 5 });

    const letters = await kafka.readBack(`${topic}.dead-letters`, 5);
    const byOffset = new Map(letters.map((letter) => [Number(letter.headers['selvage-offset']), letter]));
    expect([...byOffset.keys()].sort()).toEqual([1, 2, 3, 4, 5]);
    expect(byOffset.get(1)).toEqual({
      key: 'k',
      value: broken,
      headers: {
        source: 'shop',
        'selvage-trigger': 'kafka:o',
        'selvage-topic': topic,
        'selvage-partition': '0',
        'selvage-offset': '1',
        'selvage-timestamp': expect.stringMatching(/^\d{13}$/) as string,
        'selvage-code': 'UnreadableMessage',
        'selvage-reason': expect.stringContaining('is not UTF-8') as string,
        'selvage-trace': expect.stringContaining('UnreadableMessage') as string,
      },
    });
    expect(byOffset.get(2)!.headers['selvage-reason']).toContain('is not JSON');
    expect(byOffset.get(3)!.headers['selvage-reason']).toContain('a: ');
    expect(byOffset.get(4)!.value).toBeNull();
    expect(byOffset.get(5)!.headers['selvage-code']).toBe('InvalidParameters');
    expect(host.troubles).toEqual([]);
  });

  test('a message without its key, or with the key of another, is a dead letter', async () => {
    const [topic, deadLetters] = [await kafka.topic(), kafka.name('dead')];
    const host = new RecordingHost(({ body }) =>
      Promise.resolve(
        (body as { a: number }).a === 2
          ? { status: 'conflict', runId: 'o~1', event: { topic, partition: 0, offset: 0 } }
          : undefined,
      ),
    );
    const declared = { id: 'o', topics: topic, group: topic, key: { header: 'id' }, deadLetters };
    kafka.run(host, kafkaTrigger(orders, declared));
    const message = (a: number, id?: string) => ({
      value: JSON.stringify({ a }),
      headers: id === undefined ? {} : { id },
    });
    await kafka.send(topic, message(1, 'x'), message(2, 'x'), message(3), message(4, 'y'));
    await kafka.isCommitted(topic, topic, 4);
    const letters = await kafka.readBack(deadLetters, 2);
    expect(letters.map(({ headers }) => [headers['selvage-offset'], headers['selvage-code']]).sort()).toEqual(
      [
        ['1', 'EventConflict'],
        ['2', 'UnreadableMessage'],
      ],
    );
    expect(
      letters.find(({ headers }) => headers['selvage-offset'] === '1')!.headers['selvage-reason'],
    ).toContain('o~1');
  });

  test('a dead letter that cannot be written keeps its message, and its partition waits', async () => {
    const topic = await kafka.topic();
    let refusals = 0;
    const isRefused = (): boolean => refusals < 3;
    const host = new RecordingHost();
    const open = async (): Promise<KafkaClient> => {
      const client = await kafka.client();
      const send: KafkaClient['send'] = async (...args) => {
        if (isRefused()) {
          refusals++;
          throw new SelvageError('BrokerRefused', 'No dead letters here.');
        }
        await client.send(...args);
      };
      return withMethods(client, { send });
    };
    kafka.run(host, kafkaTrigger(orders, { id: 'o', topics: topic, group: topic }), { open });
    await kafka.send(topic, 'broken', { a: 1 });
    await kafka.isCommitted(topic, topic, 2);
    expect(refusals).toBe(3);
    expect(host.troubles.map((error) => error?.code)).toEqual(['BrokerRefused', undefined]);
    expect(await kafka.readBack(`${topic}.dead-letters`, 1)).toHaveLength(1);
  });
});
