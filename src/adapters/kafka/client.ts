import type {
  Admin,
  Cluster,
  Consumer,
  EachBatchPayload,
  Kafka,
  KafkaConfig,
  PartitionAssigners,
} from 'kafkajs';
import { loadOptional } from '../../node/optional-package';
import { within } from '../../ports/parts/pause';
import type { Logger } from '../../authoring/knot-context';
import type {
  ConsumeOptions,
  ConsumerListener,
  KafkaClient,
  KafkaConsumer,
  KafkaHeaders,
  KafkaRecord,
  TopicPartition,
} from './broker';
import { meaningOf, scrubbed } from './client-errors';
import { connectionFrom, type KafkaConnection } from './connection';
import { CONSUMERS_OF_PROCESS, LostMembers } from './lost-members';
import { Sender, isSeveral, type Administer } from './sender';

/** How long a broker may wait for new messages; also the longest delay until a stop or a resume takes effect. */
const FETCH_WAIT_MS = 250;
const SESSION_TIMEOUT_MS = 30_000;
const HEARTBEATS_A_SESSION = 10;
/** How soon new partitions of a topic are found. */
const METADATA_AGE_MS = 60_000;
/** A consumer that is silent for this long is dead, even if kafkajs says otherwise. */
const SILENCE_MS = 120_000;
const STOP_LIMIT_MS = 10_000;
/** The retries before a consumer is given up and its user builds a new one; kafkajs rebuilds only some. */
const RETRY = { initialRetryTime: 200, multiplier: 2, factor: 0.2, maxRetryTime: 5_000, retries: 5 };

interface KafkaClientOptions {
  /** Receives kafkajs' own messages, at level `debug`. Default: nowhere. */
  readonly logger?: Logger;
  /** Whether repeated sends of kafkajs count once. Calls of an idempotent `send` must not overlap. Default false. */
  readonly idempotent?: boolean;
}

/** A client by kafkajs, which this call loads. The client connects when it is used. Throws `MissingPackage`. */
export async function openKafkaClient(
  connection: KafkaConnection,
  { logger, idempotent = false }: KafkaClientOptions = {},
): Promise<KafkaClient> {
  const library = loadOptional<typeof import('kafkajs')>('kafkajs', { by: 'Kafka' });
  const { tls, sasl } = connection;
  const config: KafkaConfig = {
    clientId: 'selvage',
    brokers: [...connection.brokers],
    connectionTimeout: 5_000,
    authenticationTimeout: 10_000,
    requestTimeout: 30_000,
    retry: RETRY,
    ...(tls && { ssl: { ...tls } }),
    ...(sasl && { sasl: { ...sasl, mechanism: sasl.mechanism as 'plain' } }),
    logCreator:
      () =>
      ({ namespace, log }) =>
        logger?.debug(scrubbed(`kafkajs ${namespace}: ${log.message}${reasonIn(log)}`, connection)),
  };
  const consumers = new library.Kafka({ ...config, clientId: CONSUMERS_OF_PROCESS });
  return new KafkajsClient(
    new library.Kafka(config),
    consumers,
    library.PartitionAssigners,
    connection,
    idempotent,
  );
}

export type OpenKafka = (options: KafkaClientOptions) => Promise<KafkaClient>;

/** The call reads the connection from the environment. @throws SelvageError `InvalidConfig` */
export function kafkaOpener(prefix: string): OpenKafka {
  const connection = connectionFrom(process.env, prefix);
  return async (options) => await openKafkaClient(connection, options);
}

function reasonIn({ error }: { readonly [field: string]: unknown }): string {
  return typeof error === 'string' ? `: ${error}` : '';
}

class KafkajsClient implements KafkaClient {
  readonly #lost = new LostMembers();
  readonly #consumers = new Set<KafkajsConsumer>();
  readonly #sender: Sender;

  constructor(
    private readonly kafka: Kafka,
    private readonly consumersBy: Kafka,
    private readonly assigners: typeof PartitionAssigners,
    private readonly connection: KafkaConnection,
    isIdempotent: boolean,
  ) {
    const administer: Administer = (work) => this.#administer(work);
    this.#sender = new Sender({ kafka, connection, isIdempotent, retry: RETRY, administer });
  }

  async topics(): Promise<string[]> {
    return await this.#administer((admin) => admin.listTopics());
  }

  async ends(topics: readonly string[]): ReturnType<KafkaClient['ends']> {
    return await this.#administer(async (admin) => {
      const offsets = await Promise.all(
        topics.map(async (topic) =>
          (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({
            topic,
            partition,
            end: BigInt(high),
          })),
        ),
      );
      return offsets.flat();
    });
  }

  async consume(options: ConsumeOptions, listener: ConsumerListener): Promise<KafkaConsumer> {
    const { sessionTimeout = SESSION_TIMEOUT_MS } = options;
    let cluster: Cluster | undefined;
    const consumer = this.consumersBy.consumer({
      partitionAssigners: [
        (config) => {
          // The only way to the connections of a consumer.
          cluster = config.cluster;
          return this.assigners.roundRobin(config);
        },
      ],
      groupId: options.group,
      sessionTimeout,
      rebalanceTimeout: Math.max(sessionTimeout, 60_000),
      heartbeatInterval: Math.round(sessionTimeout / HEARTBEATS_A_SESSION),
      maxWaitTimeInMs: FETCH_WAIT_MS,
      metadataMaxAge: METADATA_AGE_MS,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
    });
    const made = new KafkajsConsumer(consumer, listener, this.connection, (memberId) =>
      this.#lost.add(options.group, memberId),
    );
    this.#consumers.add(made);
    try {
      await made.start(options, () => this.#lost.leave(options.group, cluster!));
    } catch (error) {
      await made.stop();
      throw meaningOf(error, this.connection);
    }
    return made;
  }

  async send(...[topic, messages, options]: Parameters<KafkaClient['send']>): Promise<void> {
    await this.#sender.send(topic, messages, options);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    await this.#sender.close();
  }

  async #administer<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      return await work(admin);
    } catch (error) {
      throw meaningOf(error, this.connection);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }
}

/**
 * kafkajs sends heartbeats only between batches, and works on one batch at a time. The handler therefore returns at
 * once, and the work happens elsewhere: a slow partition costs neither the membership nor the other partitions.
 */
class KafkajsConsumer implements KafkaConsumer {
  readonly #watch: NodeJS.Timeout;
  /** The only way to commit in a single attempt: a retry might come when another member has the partition. */
  #commitOnce: EachBatchPayload['commitOffsetsIfNecessary'] | undefined;
  #lastSign = performance.now();
  #isOver = false;
  #stopping: Promise<void> | undefined;
  #memberId: string | undefined;

  constructor(
    private readonly consumer: Consumer,
    private readonly listener: ConsumerListener,
    private readonly connection: KafkaConnection,
    private readonly onLost: (memberId: string) => void,
  ) {
    this.#watch = setInterval(() => this.#requireSign(), SILENCE_MS / 4).unref();
  }

  /** @param beforeJoining called once the client is connected */
  async start({ topics, after }: ConsumeOptions, beforeJoining: () => Promise<void>): Promise<void> {
    const consumer = this.consumer;
    const { CRASH, FETCH, GROUP_JOIN, HEARTBEAT, REBALANCING } = consumer.events;
    const sign = (): void => void (this.#lastSign = performance.now());
    consumer.on(FETCH, sign);
    consumer.on(HEARTBEAT, sign);
    consumer.on(GROUP_JOIN, ({ payload: { memberAssignment, memberId } }) => {
      sign();
      this.#memberId = memberId;
      if (this.#isOver) return;
      const partitions = partitionsOf(memberAssignment);
      seekAfter(consumer, partitions, after);
      this.listener.assigned(partitions);
    });
    const joining = (): void => {
      if (!this.#isOver) this.listener.joining?.();
    };
    consumer.on(REBALANCING, joining);
    consumer.on(CRASH, ({ payload: { error } }) => this.#die(error));
    joining();
    await consumer.connect();
    await beforeJoining();
    for (const from of ['earliest', 'latest'] as const) {
      const names = topics.filter((topic) => topic.from === from).map(({ name }) => name);
      if (names.length > 0) await consumer.subscribe({ topics: names, fromBeginning: from === 'earliest' });
    }
    await consumer.run({
      autoCommit: false,
      eachBatch: (payload) => {
        this.#receive(payload);
        return Promise.resolve();
      },
    });
  }

  pause({ topic, partition }: TopicPartition): void {
    if (!this.#isOver) this.consumer.pause([{ topic, partitions: [partition] }]);
  }

  resume({ topic, partition }: TopicPartition): void {
    if (!this.#isOver) this.consumer.resume([{ topic, partitions: [partition] }]);
  }

  async commit(offsets: readonly (TopicPartition & { readonly offset: bigint })[]): Promise<void> {
    if (this.#isOver || !this.#commitOnce)
      throw meaningOf(new Error('the consumer has left its group'), this.connection);
    const topics = new Map<string, { partition: number; offset: string }[]>();
    for (const { topic, partition, offset } of offsets) {
      const partitions = topics.get(topic) ?? [];
      topics.set(topic, partitions);
      partitions.push({ partition, offset: String(offset) });
    }
    try {
      await this.#commitOnce({
        topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
      });
    } catch (error) {
      throw meaningOf(error, this.connection);
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end();
    return this.#stopping;
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    clearInterval(this.#watch);
    await within(
      this.consumer.disconnect().catch(() => undefined),
      STOP_LIMIT_MS,
    );
  }

  #receive({ batch, commitOffsetsIfNecessary }: EachBatchPayload): void {
    this.#commitOnce = commitOffsetsIfNecessary;
    if (this.#isOver) return;
    const { topic, partition, messages, highWatermark } = batch;
    this.listener.received({
      topic,
      partition,
      messages: messages.map(recordOf),
      next: BigInt(batch.lastOffset()) + 1n,
      end: BigInt(highWatermark),
    });
  }

  #requireSign(): void {
    const silence = performance.now() - this.#lastSign;
    if (silence < SILENCE_MS) return;
    this.#die(new Error(`nothing was heard of the consumer for ${Math.round(silence / 1_000)} s`));
  }

  #die(error: Error): void {
    if (this.#isOver) return;
    if (this.#memberId !== undefined) this.onLost(this.#memberId);
    void this.stop();
    this.listener.died(meaningOf(error, this.connection));
  }
}

function recordOf({
  offset,
  timestamp,
  key,
  value,
  headers = {},
}: EachBatchPayload['batch']['messages'][number]): KafkaRecord {
  return { offset: BigInt(offset), timestamp: Number(timestamp), key, value, headers: headersOf(headers) };
}

type ForeignHeader = Buffer | string | readonly (Buffer | string)[] | undefined;

/** The headers are own properties of the result, whatever names a sender gives them. */
function headersOf(headers: Readonly<Record<string, ForeignHeader>>): KafkaHeaders {
  const read = Object.entries(headers).map(([name, value]): [string, Buffer | readonly Buffer[]] => {
    if (value === undefined || value === null) return [name, Buffer.alloc(0)];
    return [name, isSeveral(value) ? value.map(bufferOf) : bufferOf(value)];
  });
  return Object.fromEntries(read);
}

function bufferOf(value: Buffer | string): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : value;
}

function partitionsOf(assignment: Readonly<Record<string, readonly number[]>>): TopicPartition[] {
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

/** Seeks to the caller's places, in those partitions for which there is a place. */
function seekAfter(
  consumer: Consumer,
  partitions: readonly TopicPartition[],
  after: ConsumeOptions['after'],
): void {
  for (const place of partitions) {
    const offset = after?.(place);
    if (offset !== undefined) consumer.seek({ ...place, offset: String(offset + 1n) });
  }
}
