import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin, type IHeaders, type Message, type Producer } from 'kafkajs';

import {
  createKafkaTrigger,
  openKafkaClient,
  type KafkaClient,
  type KafkaTriggerParts,
} from '../../src/adapters/kafka';
import type { KafkaTriggerDeclaration, Trigger } from '../../src/triggers';
import type { RecordingHost } from './trigger-host';
import { until } from './until';

/** Delays that are short enough for tests. */
export const SHORT: NonNullable<KafkaTriggerParts['delays']> = {
  base: 50,
  max: 400,
  commit: 10,
  scan: 200,
};

export interface ReadBack {
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

type Running = ReturnType<RecordingHost['run']>;

/** A broker with a client and unique names for one test. */
export class KafkaPlace {
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #producer: Producer;
  readonly #running: Running[] = [];

  private constructor(
    readonly address: string,
    user?: { readonly username: string; readonly password: string },
  ) {
    this.#kafka = new Kafka({
      brokers: [address],
      logLevel: logLevel.NOTHING,
      retry: { retries: 8 },
      ...(user && { sasl: { mechanism: 'plain' as const, ...user } }),
    });
    this.#admin = this.#kafka.admin();
    this.#producer = this.#kafka.producer({ allowAutoTopicCreation: false });
  }

  /** `user`: for SASL PLAIN. Default: no authentication. */
  static async open(
    address: string,
    user?: { readonly username: string; readonly password: string },
  ): Promise<KafkaPlace> {
    const place = new KafkaPlace(address, user);
    await Promise.all([place.#admin.connect(), place.#producer.connect()]);
    return place;
  }

  async close(): Promise<void> {
    await this.stopAll();
    await Promise.all([this.#admin.disconnect(), this.#producer.disconnect()]);
  }

  get admin(): Admin {
    return this.#admin;
  }

  async client(): Promise<KafkaClient> {
    return await openKafkaClient({ brokers: [this.address], prefix: 'SELVAGE_KAFKA' });
  }

  trigger(declaration: KafkaTriggerDeclaration, parts: KafkaTriggerParts = {}): Trigger {
    return createKafkaTrigger(declaration, {
      open: (options) => openKafkaClient({ brokers: [this.address], prefix: 'SELVAGE_KAFKA' }, options),
      delays: SHORT,
      ...parts,
    });
  }

  /** Runs a trigger until it is stopped, by {@link stopAll} at the latest. */
  run(host: RecordingHost, declaration: KafkaTriggerDeclaration, parts?: KafkaTriggerParts): Running {
    const running = host.run(this.trigger(declaration, parts));
    this.#running.push(running);
    return running;
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((running) => running.stop()));
  }

  name(what = 'topic'): string {
    return `${what}-${randomUUID().slice(0, 8)}`;
  }

  /** @param settings of the topic, such as `max.message.bytes` */
  async topic(
    partitions = 1,
    name = this.name(),
    settings: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const configEntries = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
    await this.#admin.createTopics({
      topics: [{ topic: name, numPartitions: partitions, configEntries }],
      // With it, kafkajs gives up at once if a broker does not know the topic yet.
      waitForLeaders: false,
    });
    await this.hasPartitions(name, partitions);
    return name;
  }

  /**
   * Resolves when this many partitions accept writes. While one of several does not, kafkajs repeats the messages of
   * the others, which then have them twice.
   */
  async hasPartitions(topic: string, count: number): Promise<void> {
    await until(`topic ${topic} has ${count} partitions`, async () => {
      const told = await this.#admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
      if (told?.topics[0]?.partitions.filter(({ leader }) => leader >= 0).length !== count) return false;
      return (await this.#admin.fetchTopicOffsets(topic).catch(() => [])).length === count;
    });
  }

  async send(
    topic: string,
    ...messages: readonly (Message | object | string | Buffer | null)[]
  ): Promise<void> {
    await this.#producer.send({ topic, messages: messages.map(messageOf) });
  }

  /** The group's committed offset; -1: none. */
  async committed(group: string, topic: string, partition = 0): Promise<number> {
    const [offsets] = await this.#admin.fetchOffsets({ groupId: group, topics: [topic] });
    return Number(offsets?.partitions.find((one) => one.partition === partition)?.offset ?? -1);
  }

  /** How many messages the group has not committed. */
  async waiting(group: string, topic: string): Promise<number> {
    const [[offsets], ends] = await Promise.all([
      this.#admin.fetchOffsets({ groupId: group, topics: [topic] }),
      this.#admin.fetchTopicOffsets(topic),
    ]);
    // -1: none.
    const committed = offsets!.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
    return ends.reduce((sum, { high }) => sum + Number(high), 0) - committed;
  }

  async isCommitted(
    group: string,
    topic: string,
    offset: number,
    partition = 0,
    limitMs?: number,
  ): Promise<void> {
    // A restarted broker does not answer at once.
    const now = (): Promise<number> => this.committed(group, topic, partition).catch(() => Number.NaN);
    await until(
      `${topic}/${partition} is committed up to ${offset}`,
      async () => (await now()) === offset,
      limitMs,
    );
  }

  /** The messages of a topic, once there are `count` of them. */
  async readBack(topic: string, count: number): Promise<ReadBack[]> {
    return await this.readUntil(topic, `${topic} has ${count} messages`, ({ length }) => length >= count);
  }

  /** Reads a topic from its beginning until its messages fulfil the condition. */
  async readUntil(
    topic: string,
    what: string,
    isThere: (found: readonly ReadBack[]) => boolean,
  ): Promise<ReadBack[]> {
    const found: ReadBack[] = [];
    await until(`there is a topic ${topic}`, async () => (await this.#admin.listTopics()).includes(topic));
    const consumer = this.#kafka.consumer({ groupId: this.name('reader'), maxWaitTimeInMs: 100 });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      await consumer.run({
        eachMessage: ({ message }) => {
          found.push({
            key: message.key?.toString() ?? null,
            value: message.value,
            headers: textsOf(message.headers ?? {}),
          });
          return Promise.resolve();
        },
      });
      await until(what, () => isThere(found));
      return found;
    } finally {
      await consumer.disconnect();
    }
  }
}

function messageOf(message: Message | object | string | Buffer | null): Message {
  if (message === null || typeof message === 'string' || Buffer.isBuffer(message)) return { value: message };
  return 'value' in message ? message : { value: JSON.stringify(message) };
}

function textsOf(headers: IHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
