import { randomUUID } from 'node:crypto';
import { SelvageError } from '../../errors';
import { pause } from '../../ports/parts/pause';
import type { KafkaSourceSettings, PartitionedFeed, StreamElement } from '../../streams';
import type { KafkaClient, KafkaRecord, ReceivedMessages } from './broker';
import { kafkaOpener } from './client';
import { partitionId } from './partition';
import { readMessage } from './read-message';
import { backOff, type BackOff } from '../../values/back-off';

const BACK_OFF: BackOff = { base: 500, max: 10_000 };
/** A partition with more messages waiting is paused. */
const WAITING = 2_000;

/**
 * Reads topics from places that the stream keeps. kafkajs reads in groups only, so each reader is the only member of a
 * new group and commits nothing. A group of its own has no dead member that holds a partition.
 */
export function openKafkaSource(settings: KafkaSourceSettings): PartitionedFeed {
  const source = new KafkaSource(settings);
  return {
    read: (after, context) => source.read(after, context),
    lag: async () => ({ amount: source.behind(), unit: 'elements' }),
  };
}

type Context = Parameters<PartitionedFeed['read']>[1];

class KafkaSource {
  /** By partition: the offset of the last delivered message, and the offset after the broker's last message. */
  readonly #places = new Map<string, bigint>();
  readonly #ends = new Map<string, bigint>();

  constructor(private readonly settings: KafkaSourceSettings) {}

  behind(): number {
    let behind = 0n;
    for (const [partition, end] of this.#ends) behind += end - ((this.#places.get(partition) ?? -1n) + 1n);
    return Math.max(0, Number(behind));
  }

  async *read(
    after: ReadonlyMap<string, unknown>,
    context: Context,
  ): AsyncGenerator<readonly StreamElement[], void, void> {
    for (const [partition, offset] of after) this.#places.set(partition, BigInt(offset as number));
    const client = await kafkaOpener(this.settings.connection)({ logger: context.logger });
    let failures = 0;
    try {
      while (!context.signal.aborted) {
        try {
          for await (const elements of this.#once(client, context)) {
            failures = 0;
            yield elements;
          }
        } catch (error) {
          if (SelvageError.is(error) && (error.code === 'MissingPackage' || error.code === 'InvalidConfig'))
            throw error;
          context.trouble(`cannot read: ${error instanceof Error ? error.message : String(error)}`);
          await pause(backOff(BACK_OFF, failures++), context.signal);
        }
      }
    } finally {
      await client.close();
    }
  }

  async *#once(
    client: KafkaClient,
    { signal, trouble, save }: Context,
  ): AsyncGenerator<readonly StreamElement[], void, void> {
    const { topics, from } = this.settings;
    const known = new Set(await client.topics());
    const missing = topics.find((topic) => !known.has(topic));
    if (missing !== undefined)
      throw new SelvageError(
        'UnknownTopic',
        `There is no topic "${missing}". Create it, or correct its name.`,
        { details: { topic: missing } },
      );
    if (from === 'latest') await this.#beginAtEnds(client, save);
    const received: ReceivedMessages[] = [];
    const waiting = new Map<string, number>();
    const paused = new Set<string>();
    let died: Error | undefined;
    let wake = (): void => undefined;
    const consumer = await client.consume(
      {
        group: `selvage-stream-${randomUUID()}`,
        // New partitions of a topic are read from their beginning.
        topics: topics.map((name) => ({ name, from: 'earliest' })),
        after: (place) => this.#places.get(partitionId(place)),
      },
      {
        assigned: () => wake(),
        received: (messages) => {
          const name = partitionId(messages);
          this.#ends.set(name, messages.end);
          received.push(messages);
          const count = (waiting.get(name) ?? 0) + messages.messages.length;
          waiting.set(name, count);
          if (count > WAITING && !paused.has(name)) {
            paused.add(name);
            consumer?.pause(messages);
          }
          wake();
        },
        died: (error) => {
          died = error;
          wake();
        },
      },
    );
    const stop = (): void => wake();
    signal.addEventListener('abort', stop);
    try {
      trouble(undefined);
      while (!signal.aborted) {
        const next = received.shift();
        if (!next) {
          if (died) throw died;
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (received.length > 0 || died || signal.aborted) resolve();
          });
          continue;
        }
        const name = partitionId(next);
        const count = waiting.get(name)! - next.messages.length;
        waiting.set(name, count);
        let place = this.#places.get(name) ?? -1n;
        // A partition that ends before this place belongs to a topic that was deleted and made again.
        if (next.end <= place) place = -1n;
        const fresh = next.messages.filter(({ offset }) => offset > place);
        if (fresh.length > 0) {
          this.#places.set(name, fresh[fresh.length - 1]!.offset);
          yield await Promise.all(fresh.map((record) => this.#elementOf(next, record)));
        }
        if (count <= WAITING && paused.delete(name)) consumer.resume(next);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      await consumer.stop();
    }
  }

  /** Saves the ends of new topics before reading, so that after an early crash no message is passed over. */
  async #beginAtEnds(client: KafkaClient, save: Context['save']): Promise<void> {
    const known = new Set([...this.#places.keys()].map((name) => name.slice(0, name.lastIndexOf('/'))));
    const fresh = this.settings.topics.filter((topic) => !known.has(topic));
    if (fresh.length === 0) return;
    const places = new Map<string, number>();
    for (const { end, ...partition } of await client.ends(fresh))
      places.set(partitionId(partition), Number(end) - 1);
    await save(places);
    for (const [name, offset] of places) this.#places.set(name, BigInt(offset));
  }

  async #elementOf({ topic, partition }: ReceivedMessages, record: KafkaRecord): Promise<StreamElement> {
    const element = {
      // A recreated topic counts offsets from 0 again.
      offset: { key: `${record.offset}@${record.timestamp}`, state: Number(record.offset) },
      partition: partitionId({ topic, partition }),
      ...(record.key && { key: record.key.toString('utf8') }),
    };
    try {
      const { format } = this.settings;
      const { message } = await readMessage({ format, key: undefined }, { ...record, topic, partition });
      return { ...element, value: message.value };
    } catch (error) {
      if (!SelvageError.is(error)) throw error;
      return { ...element, value: undefined, unreadable: { code: error.code, message: error.message } };
    }
  }
}
