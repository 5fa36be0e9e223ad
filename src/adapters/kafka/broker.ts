/** The Kafka client that this folder needs. Only `client.ts`, with its helpers, knows kafkajs. */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** A header that is repeated has several values. */
export type KafkaHeaders = Readonly<Record<string, Buffer | readonly Buffer[]>>;

export interface KafkaRecord {
  readonly offset: bigint;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: KafkaHeaders;
}

export interface OutgoingMessage {
  readonly key: Buffer | string | null;
  readonly value: Buffer | string | null;
  readonly headers: Readonly<Record<string, Buffer | string | readonly (Buffer | string)[]>>;
}

export interface ReceivedMessages extends TopicPartition {
  readonly messages: readonly KafkaRecord[];
  /** The offset to commit once all messages before it are done. Control records may lie between messages. */
  readonly next: bigint;
  /** The broker's end of the partition: the offset after its last message. */
  readonly end: bigint;
}

/** Methods are called one at a time, and must neither wait nor throw. */
export interface ConsumerListener {
  /** The consumer is about to join its group, or to join it again: until `assigned`, it has no partitions. */
  joining?(): void;
  /**
   * The group was rebalanced: this consumer has exactly these partitions. A new partition starts at its committed
   * offset; in the others, uncommitted messages may be delivered again.
   */
  assigned(partitions: readonly TopicPartition[]): void;
  received(messages: ReceivedMessages): void;
  /** The consumer delivers nothing more, and leaves its group. This method is called once, and not after `stop`. */
  died(error: Error): void;
}

export interface ConsumeOptions {
  readonly group: string;
  /** The topics must exist. `from` says where to begin in a partition without a committed offset of the group. */
  readonly topics: readonly { readonly name: string; readonly from: 'earliest' | 'latest' }[];
  /** The offset after which to begin in a partition; by default, the group's committed offset counts. */
  readonly after?: (partition: TopicPartition) => bigint | undefined;
  /** Milliseconds of silence after which the group removes a member. Default 30,000. */
  readonly sessionTimeout?: number;
}

/** A member of a group. A consumer sends heartbeats by itself, however long its messages are worked on. */
export interface KafkaConsumer {
  /** Stops fetching a partition until it is resumed, which fetches the messages in transit again. */
  pause(partition: TopicPartition): void;
  resume(partition: TopicPartition): void;
  /**
   * Commits offsets of the currently assigned partitions, in a single attempt. The group refuses members that it has
   * removed. Throws `BrokerUnavailable`, `BrokerRefused`.
   */
  commit(offsets: readonly (TopicPartition & { readonly offset: bigint })[]): Promise<void>;
  /** Leaves the group and closes its connections. */
  stop(): Promise<void>;
}

/** A cluster of brokers. Methods throw `BrokerUnavailable` (a retry may help), `BrokerRefused`, `UnknownTopic`. */
export interface KafkaClient {
  /** The names of all topics that this user may see. */
  topics(): Promise<string[]>;
  /** The offset after the last message of each partition. */
  ends(topics: readonly string[]): Promise<(TopicPartition & { readonly end: bigint })[]>;
  /** Makes a consumer; resolves when it is about to join its group. */
  consume(options: ConsumeOptions, listener: ConsumerListener): Promise<KafkaConsumer>;
  /**
   * Sends messages; resolves when all in-sync replicas have them. Throws `BrokerRefused` with `details.isTooLarge` for
   * messages that exceed the topic's limit, alone or together for one partition.
   *
   * @param options.create whether a missing topic is created, for messages of up to 16 MiB. Default: `UnknownTopic`.
   */
  send(
    topic: string,
    messages: readonly OutgoingMessage[],
    options?: { readonly create?: boolean },
  ): Promise<void>;
  /** Closes all consumers and connections that are still open. */
  close(): Promise<void>;
}
