import { kafkaTrigger, type KafkaMessage } from '../../../src';
import { SelvageError } from '../../../src/errors';
import type { Acceptance, TriggerEvent } from '../../../src/triggers';
import { KafkaPlace } from '../../support/kafka-place';
import { describeWith, kafkaService } from '../../support/services';
import { RecordingHost } from '../../support/trigger-host';
import { until } from '../../support/until';
import { orders } from './orders';

/** A ledger in memory, as the starter has one: the first under a key stands. */
class Ledger {
  readonly #first = new Map<string, TriggerEvent>();

  decide = (event: TriggerEvent): Promise<Acceptance | undefined> => {
    const earlier = this.#first.get(event.key);
    if (!earlier) this.#first.set(event.key, event);
    const isOther = earlier !== undefined && earlier.requestHash !== event.requestHash;
    return Promise.resolve(
      isOther ? { status: 'conflict', runId: event.key, event: earlier.link } : undefined,
    );
  };

  /** Offsets of the messages in the batches that stand, in the order in which they were handed over. */
  get handed(): number[] {
    return [...this.#first.values()].flatMap(({ body }) => offsetsOf(body));
  }
}

const offsetsOf = (body: unknown): number[] => (body as KafkaMessage[]).map(({ offset }) => offset);
const batchesOf = (host: RecordingHost): number[][] => host.delivered.map(({ body }) => offsetsOf(body));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describeWith('kafka')('batches of a Kafka trigger', () => {
  let kafka: KafkaPlace;
  beforeAll(async () => {
    kafka = await KafkaPlace.open(await kafkaService());
  });
  afterEach(async () => await kafka.stopAll());
  afterAll(async () => await kafka.close());

  const map = (messages: readonly KafkaMessage[]) => ({ order: messages.length });
  const declared = (topic: string, maxSize: number, maxWait: number) =>
    kafkaTrigger(orders, { id: 'o', topics: topic, group: topic, batch: { maxSize, maxWait }, map });

  test('hands over full ones at once, and after a while what there is, in order', async () => {
    const topic = await kafka.topic();
    const host = new RecordingHost();
    await kafka.send(topic, ...upTo(25).map((a) => ({ a })));
    kafka.run(host, declared(topic, 10, 50));
    await kafka.isCommitted(topic, topic, 25);
    expect(batchesOf(host)).toEqual([upTo(10), upTo(20).slice(10), upTo(25).slice(20)]);
    expect(host.delivered[2]!.link).toEqual({ topic, partition: 0, offset: 20, lastOffset: 24, messages: 5 });
  });

  test('a batch that is not full is not handed over when the trigger stops, and nothing of it is committed', async () => {
    const topic = await kafka.topic();
    const host = new RecordingHost();
    const running = kafka.run(host, declared(topic, 10, 3_600_000));
    await kafka.send(topic, ...upTo(13).map((a) => ({ a })));
    await kafka.isCommitted(topic, topic, 10);
    await running.stop();
    expect(batchesOf(host)).toEqual([upTo(10)]);
    expect(await kafka.committed(topic, topic)).toBe(10);
  });

  test('whoever comes to the same beginning with more at hand takes the batch that was started there', async () => {
    const topic = await kafka.topic();
    const ledger = new Ledger();
    // Started, and then killed before it could commit: this one sees three, and answers nothing.
    await kafka.send(topic, ...upTo(3).map((a) => ({ a })));
    const first = new RecordingHost(async (event) => {
      await ledger.decide(event);
      throw new SelvageError('BackendUnavailable', 'It is away, but the run was started.');
    });
    const running = kafka.run(first, declared(topic, 10, 0));
    await until('three were started', () => ledger.handed.length === 3);
    await running.stop();
    expect(await kafka.committed(topic, topic)).toBe(-1);

    await kafka.send(topic, ...upTo(20).map((a) => ({ a })));
    const second = new RecordingHost(ledger.decide);
    kafka.run(second, declared(topic, 10, 50));
    await kafka.isCommitted(topic, topic, 23);
    expect(ledger.handed).toEqual(upTo(23));
  });

  test('with fewer at hand, it waits for the rest of that batch', async () => {
    const topic = await kafka.topic();
    const ledger = new Ledger();
    await kafka.send(topic, ...upTo(30).map((a) => ({ a })));
    const first = new RecordingHost(async (event) => {
      await ledger.decide(event);
      throw new SelvageError('BackendUnavailable', 'It is away, but the run was started.');
    });
    const running = kafka.run(first, declared(topic, 30, 3_600_000));
    await until('thirty were started', () => ledger.handed.length === 30);
    await running.stop();

    const second = new RecordingHost(ledger.decide);
    kafka.run(second, declared(topic, 4, 0));
    await kafka.isCommitted(topic, topic, 30);
    expect(ledger.handed).toEqual(upTo(30));
  });

  test('what starts nothing is committed before the next batch begins', async () => {
    const topic = await kafka.topic();
    const committedBefore: number[] = [];
    const host = new RecordingHost(async ({ body }) => {
      committedBefore.push(await kafka.committed(topic, topic));
      const isFirst = offsetsOf(body)[0] === 0;
      return isFirst ? { status: 'filtered' } : undefined;
    });
    await kafka.send(topic, ...upTo(8).map((a) => ({ a })));
    kafka.run(host, declared(topic, 4, 3_600_000));
    await kafka.isCommitted(topic, topic, 8);
    expect(committedBefore).toEqual([-1, 4]);
  });

  test('what cannot be read is left out and put aside; of a batch that is refused, all is put aside', async () => {
    const topic = await kafka.topic();
    const error = new SelvageError('InvalidEvent', 'map has failed');
    const host = new RecordingHost(({ body }) =>
      Promise.resolve(offsetsOf(body).includes(5) ? { status: 'refused', error } : undefined),
    );
    await kafka.send(topic, { a: 0 }, 'broken', { a: 2 }, { a: 3 }, { a: 4 }, { a: 5 });
    kafka.run(host, declared(topic, 3, 3_600_000));
    await kafka.isCommitted(topic, topic, 6);
    expect(batchesOf(host)).toEqual([
      [0, 2],
      [3, 4, 5],
    ]);
    const letters = await kafka.readBack(`${topic}.dead-letters`, 4);
    expect(
      letters.map(({ headers }) => `${headers['selvage-offset']} ${headers['selvage-code']}`).sort(),
    ).toEqual(['1 UnreadableMessage', '3 InvalidEvent', '4 InvalidEvent', '5 InvalidEvent']);
  });
});
