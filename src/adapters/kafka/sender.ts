import type { Admin, Kafka, KafkaConfig, Producer } from 'kafkajs';
import { SelvageError } from '../../errors';
import type { KafkaClient } from './broker';
import { meaningOf } from './client-errors';
import type { KafkaConnection } from './connection';

export type Administer = <T>(work: (admin: Admin) => Promise<T>) => Promise<T>;

/** Dead letters exceed their originals by their headers. */
const LARGEST_DEAD_LETTER = 16 * 1024 * 1024;

interface SenderOptions {
  readonly kafka: Kafka;
  readonly connection: KafkaConnection;
  readonly isIdempotent: boolean;
  readonly retry: NonNullable<KafkaConfig['retry']>;
  readonly administer: Administer;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #existing = new Set<string>();
  #producer: Promise<Producer> | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  async send(...[topic, messages, { create = false } = {}]: Parameters<KafkaClient['send']>): Promise<void> {
    await this.#require(topic, create);
    try {
      const producer = await this.#connectedProducer();
      await producer.send({
        topic,
        acks: -1,
        messages: messages.map(({ key, value, headers }) => ({
          key,
          value,
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, text]) => [name, isSeveral(text) ? [...text] : text]),
          ),
        })),
      });
    } catch (error) {
      this.#existing.delete(topic);
      // The broker may have counted messages that the idempotent producer has not counted.
      if (this.#options.isIdempotent) void this.close();
      throw meaningOf(error, this.#options.connection);
    }
  }

  /** After closing, the next send connects anew. */
  async close(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await (await producer?.catch(() => undefined))?.disconnect().catch(() => undefined);
  }

  async #connectedProducer(): Promise<Producer> {
    this.#producer ??= this.#connectProducer();
    try {
      return await this.#producer;
    } catch (error) {
      this.#producer = undefined;
      throw error;
    }
  }

  async #connectProducer(): Promise<Producer> {
    const { kafka, isIdempotent, retry } = this.#options;
    const producer = kafka.producer({
      allowAutoTopicCreation: false,
      ...(isIdempotent && { idempotent: true, maxInFlightRequests: 1, retry }),
    });
    await producer.connect();
    return producer;
  }

  /** kafkajs reports missing topics only after a long time. */
  async #require(topic: string, create: boolean): Promise<void> {
    if (this.#existing.has(topic)) return;
    await this.#options.administer(async (admin) => {
      if (!(await admin.listTopics()).includes(topic)) {
        if (!create) throw missingTopic(topic);
        const configEntries = [{ name: 'max.message.bytes', value: String(LARGEST_DEAD_LETTER) }];
        // `createTopics` returns false if another process was faster.
        await admin.createTopics({ topics: [{ topic, configEntries }], waitForLeaders: true });
      }
    });
    this.#existing.add(topic);
  }
}

export function isSeveral<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}

function missingTopic(topic: string): SelvageError {
  return new SelvageError(
    'UnknownTopic',
    `Kafka has no topic ${topic}, to which messages are sent. Create it, or correct the name; it is tried again.`,
    { details: { topics: [topic] } },
  );
}
