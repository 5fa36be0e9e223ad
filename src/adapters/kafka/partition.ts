import type { ReceivedMessages, TopicPartition } from './broker';
import type { PlacedRecord } from './read-message';
import { backOff, type BackOff } from '../../values/back-off';

export function partitionId({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

interface Uncommitted {
  readonly record: PlacedRecord;
  /** Order of arrival. */
  readonly turn: number;
  isDone: boolean;
}

/** This many bytes bound the memory, but last until more arrive: an idle consumer fetches only every 250 ms. */
const ENOUGH_BYTES = 2 * 1024 * 1024;
const ENOUGH_MESSAGES = 2_000;

/**
 * A partition of this consumer, which knows which messages wait, are in progress, and may be committed.
 *
 * P1. No offset is committed before all messages below it are done. `#uncommitted` has every message from the committed
 *     offset to the last one received.
 * P2. A message that is delivered again while it is known, as after a rebalance, counts once. Offset and timestamp
 *     identify a message, as a recreated topic counts offsets from 0 again.
 * P3. Messages are taken in order of arrival, and failed ones before all others.
 */
export class Partition implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly id: string;
  isLost = false;
  isPaused = false;
  underWay = 0;
  /** Consecutive failures. While there are failed messages, deliveries are tried one at a time. */
  failures = 0;
  /** No delivery is tried before this time by `performance.now`. */
  retryAt = 0;
  /** No message is taken before this offset is committed. */
  barrier: bigint | undefined;
  /** The offset where the next batch must end, because its run was already started. */
  fixedEnd: bigint | undefined;
  /** Whether a message has shown that no earlier process began a batch here or later. */
  isPastBatches = false;
  /** The arrival of the first waiting message, by `performance.now`. */
  waitsSince = 0;
  end = 0n;
  #next: bigint | undefined;
  #committed: bigint | undefined;
  #turns = 0;
  #bytes = 0;
  readonly #uncommitted = new Map<string, Uncommitted>();
  readonly #failed = new Set<PlacedRecord>();
  #waiting: Uncommitted[] = [];

  constructor({ topic, partition }: TopicPartition) {
    this.topic = topic;
    this.partition = partition;
    this.id = partitionId({ topic, partition });
  }

  receive({ messages, next, end }: ReceivedMessages): void {
    if (this.#waiting.length === 0) this.waitsSince = performance.now();
    for (const message of messages) {
      const id = idOf(message);
      if (this.#uncommitted.has(id)) continue;
      const record = { ...message, topic: this.topic, partition: this.partition };
      const one = { record, turn: this.#turns++, isDone: false };
      this.#uncommitted.set(id, one);
      this.#waiting.push(one);
      this.#bytes += sizeOf(record);
    }
    this.#next = next;
    this.end = end;
    // The group's position is at this offset, or will be once a message is done.
    this.#committed ??= this.position;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether further messages of this partition would only wait. */
  isFull(window: number): boolean {
    return this.#waiting.length >= 2 * Math.max(window, ENOUGH_MESSAGES) || this.#bytes >= ENOUGH_BYTES;
  }

  /** Whether to fetch more messages before the queue is empty. */
  isNearlyEmpty(window: number): boolean {
    return this.#waiting.length < Math.max(window, ENOUGH_MESSAGES) && this.#bytes < ENOUGH_BYTES / 2;
  }

  take(atMost: number): PlacedRecord[] {
    const taken = this.#waiting.splice(0, atMost).map(({ record }) => record);
    for (const record of taken) this.#bytes -= sizeOf(record);
    this.waitsSince = performance.now();
    return taken;
  }

  /** Counts consecutive waiting messages, up to `last` or a recreated topic. `isWhole`: no message can be added. */
  inOrder(atMost: number, last?: bigint): { readonly count: number; readonly isWhole: boolean } {
    const waiting = this.#waiting;
    let count = 0;
    while (count < waiting.length && (last !== undefined || count < atMost)) {
      const { offset } = waiting[count]!.record;
      if (count > 0 && offset <= waiting[count - 1]!.record.offset) return { count, isWhole: true };
      if (last !== undefined && offset > last) return { count, isWhole: true };
      count++;
    }
    const isWhole = last === undefined ? count === atMost : this.#next !== undefined && this.#next > last;
    return { count, isWhole };
  }

  done(records: readonly PlacedRecord[]): void {
    for (const record of records) {
      const one = this.#uncommitted.get(idOf(record));
      if (one) one.isDone = true;
    }
    // The success of other messages in progress says nothing about the failed ones.
    if (!records.some((record) => this.#failed.has(record))) return;
    this.#failed.clear();
    this.failures = 0;
  }

  failed(records: readonly PlacedRecord[], delays: BackOff): void {
    const now = performance.now();
    for (const record of records) this.#failed.add(record);
    this.putBack(records);
    // Several messages that fail together count as one failure.
    if (this.retryAt > now) return;
    this.retryAt = now + backOff(delays, this.failures++, Math.random());
  }

  /** Lets messages wait again, in their old order. */
  putBack(records: readonly PlacedRecord[]): void {
    const back = records.flatMap((record) => this.#uncommitted.get(idOf(record)) ?? []);
    this.#waiting = [...back, ...this.#waiting].sort((a, b) => a.turn - b.turn);
    for (const { record } of back) this.#bytes += sizeOf(record);
  }

  /** The offset that may be committed now; undefined before any message has arrived. */
  get position(): bigint | undefined {
    let lowest = this.#next;
    for (const { record, isDone } of this.#uncommitted.values()) {
      if (!isDone && (lowest === undefined || record.offset < lowest)) lowest = record.offset;
    }
    return lowest;
  }

  /** The offset to commit; undefined if that offset is already committed. */
  get toCommit(): bigint | undefined {
    const position = this.position;
    return position === this.#committed ? undefined : position;
  }

  committed(offset: bigint): void {
    this.#committed = offset;
    for (const [id, { record, isDone }] of this.#uncommitted) {
      if (isDone && record.offset < offset) this.#uncommitted.delete(id);
    }
    if (this.barrier !== undefined && offset >= this.barrier) this.barrier = undefined;
  }

  /** The number of messages that the broker has and that are not done. */
  get lag(): number {
    const position = this.position;
    return position === undefined || position > this.end ? 0 : Number(this.end - position);
  }
}

function idOf({ offset, timestamp }: { readonly offset: bigint; readonly timestamp: number }): string {
  return `${offset}@${timestamp}`;
}

function sizeOf({ key, value }: PlacedRecord): number {
  // The size includes the memory of the object itself.
  return 200 + (key?.length ?? 0) + (value?.length ?? 0);
}
