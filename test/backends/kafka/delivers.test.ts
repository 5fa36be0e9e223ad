import { z } from 'zod';

import { kafkaTrigger } from '../../../src';
import { KafkaPlace } from '../../support/kafka-place';
import { Latch } from '../../support/latch';
import { describeWith, kafkaService } from '../../support/services';
import { RecordingHost } from '../../support/trigger-host';
import { until } from '../../support/until';
import { orders } from './orders';

describeWith('kafka')('a Kafka trigger', () => {
  let kafka: KafkaPlace;
  beforeAll(async () => {
    kafka = await KafkaPlace.open(await kafkaService());
  });
  afterEach(async () => await kafka.stopAll());
  afterAll(async () => await kafka.close());

  test('delivers what it finds and what comes, and commits it; the next one goes on from there', async () => {
    const topic = await kafka.topic(3);
    const group = kafka.name('group');
    const declared = kafkaTrigger(orders, { id: 'o', topics: topic, group });
    await kafka.send(topic, { a: 1 }, { a: 2 });
    const host = new RecordingHost();
    const running = kafka.run(host, declared);
    await until('two are delivered', () => host.delivered.length === 2);
    await kafka.send(topic, { a: 3 });
    await until('three are delivered', () => host.delivered.length === 3);
    await running.stop();
    const committed = await Promise.all(
      [0, 1, 2].map((partition) => kafka.committed(group, topic, partition)),
    );
    expect(committed.reduce((sum, offset) => sum + Math.max(0, offset), 0)).toBe(3);

    await kafka.send(topic, { a: 4 });
    const next = new RecordingHost();
    kafka.run(next, declared);
    await until('the fourth is delivered', () => next.delivered.length > 0);
    expect(host.delivered.map(({ body }) => body)).toEqual(
      expect.arrayContaining([{ a: 1 }, { a: 2 }, { a: 3 }]),
    );
    expect(next.delivered.map(({ body }) => body)).toEqual([{ a: 4 }]);
    expect([...host.troubles, ...next.troubles]).toEqual([]);
  });

  test('an event has a key and a link by its place, and map gets the whole message', async () => {
    const topic = await kafka.topic();
    const host = new RecordingHost();
    const map = ({ value }: { value: unknown }) => ({ order: value });
    kafka.run(host, kafkaTrigger(orders, { id: 'o', topics: topic, map }));
    await kafka.send(topic, {
      key: 'k',
      value: '{"a":1}',
      headers: { source: 'shop', twice: ['1', '2'], ['__proto__']: 'no' },
      timestamp: '1700000000000',
    });
    await until('it is delivered', () => host.delivered.length === 1);
    expect(host.delivered[0]).toEqual({
      key: `${topic}/0/0@1700000000000`,
      requestHash: expect.any(String) as string,
      link: { topic, partition: 0, offset: 0 },
      body: {
        value: { a: 1 },
        key: 'k',
        headers: Object.fromEntries([
          ['source', 'shop'],
          ['twice', '2'],
          ['__proto__', 'no'],
        ]),
        topic,
        partition: 0,
        offset: 0,
        timestamp: new Date(1_700_000_000_000),
      },
    });
  });

  test.each([
    ['json', 'json' as const, '[1,"ü"]', [1, 'ü']],
    ['json without a value', 'json' as const, null, null],
    ['text', 'text' as const, 'grün', 'grün'],
    ['bytes', 'bytes' as const, Buffer.from([0, 255]), new Uint8Array([0, 255])],
    ['a schema', z.object({ n: z.coerce.number() }), '{"n":"7"}', { n: 7 }],
  ])('reads %s', async (_what, format, sent, read) => {
    const topic = await kafka.topic();
    const host = new RecordingHost();
    kafka.run(host, kafkaTrigger(orders, { id: 'o', topics: topic, group: topic, format }));
    await kafka.send(topic, sent);
    await until('it is delivered', () => host.delivered.length === 1);
    expect(host.delivered[0]!.body).toEqual(read);
  });

  test('a key of a header counts once, with a hash of the contents', async () => {
    const topic = await kafka.topic();
    const host = new RecordingHost();
    kafka.run(host, kafkaTrigger(orders, { id: 'o', topics: topic, group: topic, key: { header: 'id' } }));
    const message = { value: '{}', headers: { id: 'e-1' } };
    await kafka.send(topic, message, message, { value: '{"x":1}', headers: { id: 'e-2' } });
    await until('three are delivered', () => host.delivered.length === 3);
    const [one, again, other] = host.delivered.sort(
      (a, b) => Number(a.link['offset']) - Number(b.link['offset']),
    );
    expect([one!.key, again!.key, other!.key]).toEqual(['e-1', 'e-1', 'e-2']);
    expect(one!.requestHash).toBe(again!.requestHash);
    expect(one!.requestHash).not.toBe(other!.requestHash);
  });

  test('nothing is committed before it is accepted, and not beyond what is not', async () => {
    const topic = await kafka.topic();
    const slow = new Latch();
    const host = new RecordingHost(async ({ body }) => {
      if ((body as { a: number }).a === 2) await slow.passed;
      return undefined;
    });
    kafka.run(host, kafkaTrigger(orders, { id: 'o', topics: topic, group: topic }));
    await kafka.send(topic, { a: 1 }, { a: 2 }, { a: 3 }, { a: 4 });
    await until('the others are accepted', () => host.delivered.length === 3);
    await kafka.isCommitted(topic, topic, 1);
    slow.open();
    await kafka.isCommitted(topic, topic, 4);
    expect(host.lags.get(`${topic}/0`)).toBe(0);
  });

  test('no more than the window is under way, and stopping waits for that and delivers no more', async () => {
    const topic = await kafka.topic(2);
    const go = new Latch();
    let [underWay, most] = [0, 0];
    const host = new RecordingHost(async ({ link }) => {
      // The first of a partition shows whether an earlier process has made batches.
      if (link['offset'] === 0) return undefined;
      most = Math.max(most, ++underWay);
      await go.passed;
      underWay--;
      return undefined;
    });
    const running = kafka.run(
      host,
      kafkaTrigger(orders, { id: 'o', topics: topic, group: topic, window: 5 }),
    );
    await kafka.send(topic, ...Array.from({ length: 40 }, (_, a) => ({ a })));
    await until('the window is full', () => underWay === 5);
    const stopped = running.stop();
    go.open();
    await stopped;
    expect(most).toBe(5);
    const firsts = host.delivered.filter(({ link }) => link['offset'] === 0).length;
    expect(host.delivered).toHaveLength(5 + firsts);
    const committed = await Promise.all([0, 1].map((partition) => kafka.committed(topic, topic, partition)));
    expect(committed.reduce((sum, offset) => sum + Math.max(0, offset), 0)).toBe(5 + firsts);
  });

  test('a pattern finds topics that come later, from their first message on; a name waits for its topic', async () => {
    const family = kafka.name('family');
    const first = await kafka.topic(1, `${family}.a`);
    await kafka.send(first, { a: 'before' });
    const later = kafka.name('later');
    const host = new RecordingHost();
    kafka.run(
      host,
      kafkaTrigger(orders, {
        id: 'o',
        topics: [new RegExp(`^${family}\\.`), later],
        group: family,
        from: 'latest',
      }),
    );
    await until('the missing topic is told', () => host.troubles[0]?.code === 'UnknownTopic');
    await until('it reads', () => host.lines.some((line) => line.startsWith(`reads ${first}/0`)));
    await until('a message comes', async () => {
      await kafka.send(first, { a: 'now' });
      return host.delivered.length > 0;
    });
    const second = await kafka.topic(1, `${family}.b`);
    await kafka.topic(1, later);
    await kafka.send(second, { a: 'second' });
    await kafka.send(later, { a: 'later' });
    const bodies = (): string[] =>
      [...new Set(host.delivered.map(({ body }) => (body as { a: string }).a))].sort();
    await until('both are delivered', () => bodies().length === 3);
    expect(bodies()).toEqual(['later', 'now', 'second']);
    expect(host.troubles.at(-1)).toBeUndefined();
  });

  test('a topic that is made anew has other keys, though its offsets are the same', async () => {
    const topic = await kafka.topic();
    const declared = kafkaTrigger(orders, { id: 'o', topics: topic, group: topic });
    const host = new RecordingHost();
    const running = kafka.run(host, declared);
    await kafka.send(topic, { a: 1 });
    await kafka.isCommitted(topic, topic, 1);
    await running.stop();
    await kafka.admin.deleteTopics({ topics: [topic] });
    await until('it is gone', async () => !(await kafka.admin.listTopics()).includes(topic));
    await kafka.topic(1, topic);
    // The broker forgets the group's offsets of the old one a little later.
    await kafka.isCommitted(topic, topic, -1);
    await kafka.send(topic, { a: 2 });
    const next = new RecordingHost();
    kafka.run(next, declared);
    await until('it is delivered', () => next.delivered.length === 1);
    const [before, after] = [host.delivered[0]!, next.delivered[0]!];
    expect(after.link).toEqual(before.link);
    expect(after.key).not.toBe(before.key);
  });
});
