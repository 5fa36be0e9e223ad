import { z } from 'zod';

import { kafkaTrigger, knot, tapestry, type KafkaTriggerDeclaration } from '../../../src';
import type { KafkaClient } from '../../../src/adapters/kafka';
import type { Selvage } from '../../../src/client';
import { Starter } from '../../../src/serve/starter';
import type { TriggerEvent } from '../../../src/triggers';
import { KafkaPlace } from '../../support/kafka-place';
import { closeAll, connectSelvage, openSelvage } from '../../support/open-selvage';
import { describeWith, kafkaService } from '../../support/services';
import { RecordingHost } from '../../support/trigger-host';
import { until } from '../../support/until';
import { withMethods } from '../../support/with-methods';

const echo = knot('echo', ({ order }: { order: unknown }) => order);
const orders = tapestry('orders', { parameters: { order: z.number() } }, (_t, { order }) => ({
  echo: echo({ order }, { id: 'echo' }),
}));
const collect = knot('collect', ({ all }: { all: number[] }) => all.length);
const collected = tapestry('collected', { parameters: { all: z.array(z.number()) } }, (_t, { all }) => ({
  count: collect({ all }, { id: 'collect' }),
}));

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** A host whose events start runs. */
class StartingHost extends RecordingHost {
  constructor(selvage: Selvage, declared: KafkaTriggerDeclaration) {
    super();
    const { accept } = new Starter(selvage, declared, { metrics: this.metrics });
    this.accept = async (events: readonly TriggerEvent[]) => {
      const acceptances = await accept(events);
      this.delivered.push(...events);
      return acceptances;
    };
  }
}

describeWith('kafka')('messages of Kafka', () => {
  let kafka: KafkaPlace;
  beforeAll(async () => {
    kafka = await KafkaPlace.open(await kafkaService());
  });
  afterEach(async () => {
    await kafka.stopAll();
    await closeAll();
  });
  afterAll(async () => await kafka.close());

  /** The ledger's entries of a trigger: key, and the messages that its run was started with. */
  async function entriesOf({ backends }: Selvage, trigger: string) {
    const { items } = await backends.startLedger.list({ trigger, limit: 1_000 });
    return items;
  }

  test('start a run each, once, by two instances of which each takes over from the other, with commits that fail', async () => {
    const topic = await kafka.topic(4);
    const selvage = await connectSelvage();
    const declared = kafkaTrigger(orders, {
      id: topic,
      topics: topic,
      format: z.object({ a: z.number() }),
      map: ({ value }) => ({ order: value.a }),
    });
    let lost = 0;
    const open = async (): Promise<KafkaClient> => {
      const client = await kafka.client();
      return withMethods(client, {
        consume: async (options, listener) =>
          withMethods(await client.consume(options, listener), {
            // As if killed between accepting and committing: what was accepted comes again.
            commit: () => {
              lost++;
              return Promise.reject(new Error('The commit is lost.'));
            },
          }),
      });
    };
    const one = new StartingHost(selvage, declared);
    const first = kafka.run(one, declared, { open });
    await kafka.send(topic, ...upTo(60).map((a) => ({ a })), 'broken');
    await until(
      'all were accepted once',
      () => one.counts['started'] === 60 && one.counts['unreadable'] === 1,
    );
    await until('commits were lost', () => lost > 0);
    await first.stop();

    const other = new StartingHost(selvage, declared);
    kafka.run(other, declared);
    await until('all came again', () => other.counts['duplicate'] === 60);
    expect(other.counts['started']).toBeUndefined();
    const entries = await entriesOf(selvage, `kafka:${topic}`);
    expect(entries).toHaveLength(60);
    expect(new Set(entries.map(({ runId }) => runId)).size).toBe(60);
    expect(entries.every(({ startedAt }) => startedAt !== null)).toBe(true);
    const [entry] = entries;
    const { workflowExecutionInfo } = await selvage.client.workflowService.describeWorkflowExecution({
      namespace: 'default',
      execution: { workflowId: entry!.runId },
    });
    expect(workflowExecutionInfo?.type?.name).toBe('orders');
  });

  test('start their runs below the span that a header names', async () => {
    const topic = await kafka.topic();
    const selvage = await openSelvage({ tapestries: [orders] });
    const declared = kafkaTrigger(orders, { id: topic, topics: topic });
    kafka.run(new StartingHost(selvage, declared), declared);
    const span = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await kafka.send(topic, { value: JSON.stringify({ order: 1 }), headers: { traceparent: span } });
    const entry = await until('its run was started', async () => {
      const [started] = await entriesOf(selvage, `kafka:${topic}`);
      return started?.startedAt === null ? undefined : started;
    });
    await selvage.getRun(entry.runId).result();
    const { run } = await selvage.getRun(entry.runId).status();
    expect(run?.details['traceparent']).toBe(span);
  });

  test('in batches get into one run each, whatever the batches of the one that takes over', async () => {
    const topic = await kafka.topic();
    const selvage = await connectSelvage();
    const declare = (maxSize: number) =>
      kafkaTrigger(collected, {
        id: topic,
        topics: topic,
        format: z.object({ a: z.number() }),
        batch: { maxSize, maxWait: 50 },
        map: (messages) => ({ all: messages.map(({ value }) => value.a) }),
      });
    const small = declare(3);
    const one = new StartingHost(selvage, small);
    const open = async (): Promise<KafkaClient> => {
      const client = await kafka.client();
      return withMethods(client, {
        consume: async (options, listener) =>
          withMethods(await client.consume(options, listener), {
            commit: () => Promise.reject(new Error('The commit is lost.')),
          }),
      });
    };
    const first = kafka.run(one, small, { open });
    await kafka.send(topic, ...upTo(8).map((a) => ({ a })));
    await until('three batches were started', () => one.counts['started'] === 3);
    await first.stop();

    await kafka.send(topic, ...upTo(20).map((a) => ({ a: 8 + a })));
    const large = declare(100);
    kafka.run(new StartingHost(selvage, large), large);
    await kafka.isCommitted(topic, topic, 28);
    const ranges = (await entriesOf(selvage, `kafka:${topic}`))
      .map(({ event }) => [event['offset'], event['lastOffset']])
      .sort((a, b) => Number(a[0]) - Number(b[0]));
    expect(ranges).toEqual([
      [0, 2],
      [3, 5],
      [6, 7],
      [8, 27],
    ]);
  });
});
