import { SelvageError, type ErrorCode } from '../../errors';
import {
  deadLettersOf,
  triggerName,
  type KafkaTriggerDeclaration,
  type TriggerEvent,
  type TriggerHost,
} from '../../triggers';
import type {
  ConsumeOptions,
  ConsumerListener,
  KafkaClient,
  KafkaConsumer,
  ReceivedMessages,
  TopicPartition,
} from './broker';
import { deadLetterOf, verdictOf, type Verdict } from './dead-letters';
import { Partition, partitionId } from './partition';
import {
  endOfEvent,
  eventOfBatch,
  eventOfMessage,
  readMessage,
  type PlacedRecord,
  type ReadMessage,
} from './read-message';
import type { Troubles } from '../../ports/parts/troubles';
import type { BackOff } from '../../values/back-off';

/** In milliseconds. */
export interface Delays extends BackOff {
  /** Between two commits. */
  readonly commit: number;
}

interface ReadingOptions {
  readonly declaration: KafkaTriggerDeclaration;
  readonly client: KafkaClient;
  readonly host: TriggerHost;
  readonly troubles: Troubles<SelvageError, string>;
  readonly delays: Delays;
}

/** These limits are for a partition's first message, with which an earlier process may have begun a batch. */
const ONE_BY_ONE = { maxSize: 1, maxWaitMs: 0 };

/** The note of a member whose group has more members than partitions. */
export const NO_PARTITION = 'no partition: other members of the group have them';

type Read = ReadMessage | SelvageError;

/**
 * One consumer, from its start until it is stopped or dies. Messages are fetched into the queues of their partitions; a
 * window of them is in progress.
 *
 * R1. A message is done when its run is accepted, when it is known to start none, or when its dead letter is written.
 *     The offset of a message is not committed before the message is done.
 * R2. After any other failure, one message or batch of the partition is retried until it succeeds, and the others wait.
 *     Other partitions continue.
 * R3. Batches of a partition are consecutive. The end of a batch is in the ledger or, if it started no run, committed
 *     before the next batch begins. All processes that begin at a message therefore form the same batch, and no message
 *     gets into two runs.
 */
export class Reading implements ConsumerListener {
  /** Rejects when the consumer has died. */
  readonly ended: Promise<never>;
  readonly #name: string;
  readonly #partitions = new Map<string, Partition>();
  readonly #underWay = new Set<Promise<void>>();
  #order: Partition[] = [];
  /** The index in `#order` of the partition that was asked last. */
  #turn = 0;
  #consumer: KafkaConsumer | undefined;
  #isOver = false;
  #committing: Promise<void> | undefined;
  #lastCommit = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #onAssigned: (count: number) => void = () => {};
  #onJoining: () => void = () => {};
  #reject!: (error: Error) => void;

  constructor(private readonly options: ReadingOptions) {
    this.#name = triggerName(options.declaration);
    this.ended = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    // The rejection is handled here, as a caller of `stop` need not listen.
    this.ended.catch(() => {});
  }

  /** @param onAssigned called with the number of partitions that the group has given the consumer, which may be 0 */
  async start(
    topics: ConsumeOptions['topics'],
    onJoining: () => void,
    onAssigned: (count: number) => void,
  ): Promise<void> {
    const { client, declaration } = this.options;
    this.#onJoining = onJoining;
    this.#onAssigned = onAssigned;
    this.#consumer = await client.consume({ group: declaration.options.group, topics }, this);
    // Partitions may have been assigned before the consumer was known.
    this.#pump();
  }

  /** Begins no more work, awaits and commits the work in progress, and leaves the group. */
  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await Promise.all(this.#underWay);
    await this.#committing;
    await this.#commit();
    await this.#consumer?.stop();
  }

  joining = (): void => this.#onJoining();

  assigned(partitions: readonly TopicPartition[]): void {
    const { host, troubles } = this.options;
    const now = new Map(partitions.map((place) => [partitionId(place), place]));
    for (const [id, partition] of this.#partitions) {
      if (now.has(id)) continue;
      partition.isLost = true;
      this.#partitions.delete(id);
      host.metrics.lag(id, 0);
    }
    for (const [id, place] of now) {
      if (this.#partitions.has(id)) continue;
      this.#partitions.set(id, new Partition(place));
      // The partition may have been ours before, and paused.
      this.#consumer?.resume(place);
    }
    this.#order = [...this.#partitions.values()];
    this.#onAssigned(partitions.length);
    troubles.keepOnly((part) => this.#partitions.has(part) || !part.includes('/'));
    host.logger.info(`reads ${this.#order.map(({ id }) => id).join(', ') || NO_PARTITION}`);
    this.#pump();
  }

  received(messages: ReceivedMessages): void {
    const partition = this.#partitions.get(partitionId(messages));
    if (!partition || this.#isOver) return;
    partition.receive(messages);
    this.#tellLag(partition);
    this.#pump();
  }

  died(error: Error): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    for (const partition of this.#order) partition.isLost = true;
    this.#reject(error);
  }

  #pump(): void {
    const { host } = this.options;
    if (this.#isOver || host.signal.aborted || !this.#consumer) return;
    const { window } = this.options.declaration.options;
    const now = performance.now();
    let [idle, wakeAt] = [0, Number.POSITIVE_INFINITY];
    while (this.#underWay.size < window && idle < this.#order.length) {
      this.#turn = (this.#turn + 1) % this.#order.length;
      const partition = this.#order[this.#turn]!;
      const taken = this.#take(partition, now);
      if (typeof taken === 'number') {
        wakeAt = Math.min(wakeAt, taken);
        idle++;
        continue;
      }
      idle = 0;
      this.#track(this.#deliver(partition, taken));
    }
    for (const partition of this.#order) this.#regulate(partition, window);
    this.#wake(wakeAt);
  }

  /** The records of a partition to deliver next, or the time of the next look. */
  #take(partition: Partition, now: number): PlacedRecord[] | number {
    const never = Number.POSITIVE_INFINITY;
    if (partition.waiting === 0) return never;
    if (partition.failures > 0) {
      if (partition.underWay > 0) return never;
      if (partition.retryAt > now) return partition.retryAt;
    }
    const { batch, key } = this.options.declaration.options;
    if (!batch && (partition.isPastBatches || key)) return partition.take(1);
    if (partition.underWay > 0 || partition.barrier !== undefined) return never;
    const { maxSize, maxWaitMs } = batch ?? ONE_BY_ONE;
    const { count, isWhole } = partition.inOrder(maxSize, partition.fixedEnd);
    if (count === 0) {
      partition.fixedEnd = undefined;
      return now;
    }
    if (!isWhole && partition.fixedEnd !== undefined) return never;
    const dueAt = partition.waitsSince + maxWaitMs;
    if (!isWhole && dueAt > now) return dueAt;
    return partition.take(count);
  }

  #regulate(partition: Partition, window: number): void {
    const { batch } = this.options.declaration.options;
    // A batch must fit into the queue.
    const size = batch ? Math.max(window, 2 * batch.maxSize) : window;
    const isStuck = partition.failures > 0;
    const needsMore = partition.fixedEnd !== undefined;
    if (partition.isPaused) {
      if (!needsMore && (isStuck || !partition.isNearlyEmpty(size))) return;
      partition.isPaused = false;
      this.#consumer!.resume(partition);
    } else if (!needsMore && (isStuck || partition.isFull(size))) {
      partition.isPaused = true;
      this.#consumer!.pause(partition);
    }
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.finally(() => {
      this.#underWay.delete(work);
      this.#pump();
    });
  }

  /** Never rejects. */
  async #deliver(partition: Partition, records: readonly PlacedRecord[]): Promise<void> {
    partition.underWay++;
    try {
      await this.#settle(partition, records);
      if (partition.failures === 0) this.options.troubles.set(partition.id, undefined);
      this.#commitSoon();
    } catch (error) {
      if (!partition.isLost) this.#fail(partition, records, error);
    } finally {
      partition.underWay--;
    }
  }

  /** Throws if a retry may help. */
  async #settle(partition: Partition, records: readonly PlacedRecord[]): Promise<void> {
    const { declaration, host } = this.options;
    const { options } = declaration;
    const read = await Promise.all(records.map((record) => this.#read(record)));
    const unreadable = records.flatMap((record, index) => {
      const error = read[index]!;
      return SelvageError.is(error) ? [{ record, verdict: error }] : [];
    });
    const readable = read.filter((one): one is ReadMessage => !SelvageError.is(one));
    const end = partition.fixedEnd ?? records.at(-1)!.offset;
    // Batches were switched off, and this batch already has its run.
    const hasRun = !options.batch && partition.fixedEnd !== undefined;
    let event: TriggerEvent | undefined;
    const messages = readable.map(({ message }) => message);
    if (options.batch && readable.length > 0) event = eventOfBatch(records, messages, end);
    else if (!hasRun && readable.length > 0) event = eventOfMessage(options, records[0]!, readable[0]!);
    let acceptance = event && (await host.accept([event]))[0]!;
    const earlier = acceptance && 'event' in acceptance ? acceptance.event : undefined;
    if (event && earlier && !options.key && endOfEvent(earlier) !== end) {
      const isClaimedOnly = acceptance?.status === 'conflict' && acceptance.isStarted === false;
      if (options.batch || !isClaimedOnly) {
        // A run has messages from the same beginning to another end: that batch comes next.
        partition.putBack(records);
        partition.fixedEnd = endOfEvent(earlier);
        return;
      }
      // The batch has no run, so its first message gets a run under its own key.
      acceptance = (await host.accept([{ ...event, key: `${event.key}/alone` }]))[0]!;
    }
    if (!hasRun) partition.isPastBatches = true;
    const verdict = acceptance && verdictOf(acceptance);
    const refused = verdict ? records.filter((_, index) => !SelvageError.is(read[index])) : [];
    await this.#bury([...unreadable, ...refused.map((record) => ({ record, verdict: verdict! }))]);
    if (unreadable.length > 0) host.metrics.count('unreadable', unreadable.length);
    partition.done(records);
    const isInLedger = acceptance?.status === 'started' || acceptance?.status === 'duplicate';
    if (options.batch && !isInLedger) partition.barrier = partition.toCommit;
    partition.fixedEnd = undefined;
  }

  async #read(record: PlacedRecord): Promise<Read> {
    try {
      return await readMessage(this.options.declaration.options, record);
    } catch (error) {
      if (SelvageError.is(error, 'UnreadableMessage')) return error;
      throw error;
    }
  }

  async #bury(dead: readonly { readonly record: PlacedRecord; readonly verdict: Verdict }[]): Promise<void> {
    const { client, declaration, host } = this.options;
    if (dead.length === 0) return;
    const topic = deadLettersOf(declaration.options, dead[0]!.record.topic);
    await client.send(
      topic,
      dead.map(({ record, verdict }) => deadLetterOf(record, this.#name, verdict)),
      { create: true },
    );
    host.metrics.count('dead-letter', dead.length);
    for (const { record, verdict } of dead) {
      const place = `${record.topic}/${record.partition}/${record.offset}`;
      host.logger.warn(`${place} starts no run and is now in ${topic}: ${verdict.code}: ${verdict.message}`, {
        topic: record.topic,
        partition: record.partition,
        offset: Number(record.offset),
        code: verdict.code,
      });
    }
  }

  #fail(partition: Partition, records: readonly PlacedRecord[], error: unknown): void {
    const { delays, troubles } = this.options;
    partition.failed(records, delays);
    troubles.set(partition.id, troubleOf(records[0]!, error));
  }

  #commitSoon(): void {
    if (this.#isOver || this.#committing) return;
    const isAwaited = this.#order.some(({ barrier }) => barrier !== undefined);
    const dueAt = this.#lastCommit + (isAwaited ? 0 : this.options.delays.commit);
    if (dueAt > performance.now()) {
      this.#wake(dueAt);
      return;
    }
    this.#committing = this.#commit().finally(() => {
      this.#committing = undefined;
      this.#pump();
      if (this.#order.some(({ toCommit }) => toCommit !== undefined)) this.#commitSoon();
    });
  }

  /** A commit never rejects: uncommitted messages are delivered again, and start no second run. */
  async #commit(): Promise<void> {
    const due = this.#order.flatMap((partition) => {
      const offset = partition.toCommit;
      return offset === undefined || partition.isLost ? [] : [{ partition, offset }];
    });
    if (due.length === 0 || !this.#consumer) return;
    this.#lastCommit = performance.now();
    try {
      await this.#consumer.commit(
        due.map(({ partition: { topic, partition }, offset }) => ({ topic, partition, offset })),
      );
    } catch (error) {
      // The group has removed this member, which gets its partitions when it has joined again.
      this.options.host.logger.debug(`could not commit, and tries again: ${String(error)}`);
      this.#lastCommit += this.options.delays.base;
      return;
    }
    for (const { partition, offset } of due) {
      partition.committed(offset);
      if (!partition.isLost) this.#tellLag(partition);
    }
  }

  #tellLag(partition: Partition): void {
    this.options.host.metrics.lag(partition.id, partition.lag);
  }

  #wake(at: number): void {
    const now = performance.now();
    if (this.#isOver || at === Number.POSITIVE_INFINITY || (at >= this.#wakesAt && this.#wakesAt > now))
      return;
    clearTimeout(this.#timer);
    this.#wakesAt = at;
    this.#timer = setTimeout(
      () => {
        this.#wakesAt = Number.POSITIVE_INFINITY;
        this.#commitSoon();
        this.#pump();
      },
      Math.max(0, at - now),
    );
  }
}

function troubleOf({ topic, partition, offset }: PlacedRecord, error: unknown): SelvageError {
  const isOurs = SelvageError.is(error);
  const code: ErrorCode = isOurs ? error.code : 'DeliveryFailed';
  const why = error instanceof Error ? error.message : String(error);
  return new SelvageError(
    code,
    `Partition ${topic}/${partition} waits at offset ${offset}, and is tried again: ${why}`,
    { details: { ...(isOurs && error.details), topic, partition, offset: Number(offset) }, cause: error },
  );
}
