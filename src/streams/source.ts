import type { Json } from '../values';
import type { Logger } from '../authoring/knot-context';
import { isDeclared } from '../authoring/marks';
import type { Gap, SourceAmount } from '../ports';

/**
 * The position of an element in its source: a text or a number from which the source can go on. If no such offset
 * exists, `key` identifies the element, the same at each read, and `state` lets the source go on after it.
 */
export type Offset = string | number | Position;

export interface Position {
  readonly key: string;
  /** The state is read only for some elements, so a getter may compute it. */
  readonly state: Json;
}

/** Why an element has no run, or a failed run. */
export type DeadLetterReason = { readonly code: string; readonly message: string };

/** An element as its source delivers it. */
export interface StreamElement<Value = unknown> {
  readonly value: Value;
  /** The element's position, unique in its partition, and the same at each read. */
  readonly offset: Offset;
  /** The element's key, for order by key. Default: the key is given by the option `key`. */
  readonly key?: string;
  /** A part with its own order and offsets: a topic's partition, a file. Default: one partition for all elements. */
  readonly partition?: string;
  /** Why the element has no value: it is a dead letter. */
  readonly unreadable?: DeadLetterReason;
}

/** A partition has no more elements and will not return, so its state can be dropped. */
export interface PartitionEnd {
  readonly endOf: string;
}

/** An element, several elements at once, or the end of a partition. */
export type Delivered<Value> = StreamElement<Value> | readonly StreamElement<Value>[] | PartitionEnd;

/** The `offset` of the last finished element, or its `state`, by partition. */
export type Checkpoint = ReadonlyMap<string, Json>;

export interface ReadContext {
  /** The signal is aborted to end the iteration. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /**
   * Durably saves the positions of new partitions, all at once, before any of their elements is delivered. Saving is
   * for sources that invent names of partitions, or start at their ends: both must be the same after a crash. Deliver
   * elements of these partitions only after the promise has resolved.
   */
  save(places: Checkpoint): Promise<void>;
  /** Reports the obstacle to reading, or undefined when the obstacle is gone. */
  trouble(message: string | undefined): void;
  /** Reports a gap; repeating it has no effect. */
  reportGap: ReportGap;
}

/** Reports a part of the source that was never read and is gone. */
export type ReportGap = (gap: Omit<Gap, 'at'>) => void;

export function gapWords({ after, before, lost, why }: Omit<Gap, 'at'>): string {
  const amount = lost ? `${lost.amount} ${lost.unit}` : 'an unknown amount';
  const from = after === undefined ? '' : ` after ${after}`;
  const to = before === undefined ? '' : `, before ${before}`;
  return `lost ${amount}${from}${to}: ${why}`;
}

/** A working source. The feed's reader keeps the positions. */
export interface PartitionedFeed<Value = unknown> {
  /**
   * Delivers all elements after these positions, and other partitions from their beginning, each in its order. Reading
   * survives outages; reading throws only errors that no retry helps.
   */
  read(after: Checkpoint, context: ReadContext): AsyncIterable<Delivered<Value>>;
  /** The undelivered amount. Default: unknown. */
  lag?(): Promise<SourceAmount | undefined>;
  /** All elements up to these positions are finished: a source can acknowledge them. */
  commit?(places: Checkpoint): Promise<void>;
  close?(): Promise<void>;
}

const SOURCE = Symbol.for('selvage.source');

export type SourceKind = 'file-tail' | 'iterable' | 'kafka' | 'custom' | 'valkey';

/** A declared source, which loads no client and opens nothing; `selvage stream` and `runStream` do. */

export abstract class StreamingSource<Value = unknown> {
  abstract readonly kind: SourceKind;
  /** Checked, with defaults. */
  abstract readonly options: unknown;
  declare readonly valueType?: Value;

  constructor() {
    Object.defineProperty(this, SOURCE, { value: true });
  }
}

/** Recognises a source of any realm or copy of the package. */
export function isSource(value: unknown): value is StreamingSource {
  return isDeclared(value, SOURCE);
}

/**
 * Your own source: returns the elements after an offset, in order; after undefined, from the beginning. The function is
 * called again with the last finished offset after an outage, or in another process.
 */
export type CustomSource<Value> = (
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the offset that the function itself delivered
  after: any,
  context: {
    readonly signal: AbortSignal;
    readonly logger: Logger;
    /** If elements have a `partition`: the last finished offset of each partition. */
    readonly checkpoint: Checkpoint;
    /** Reports lost elements, for the log and the status of the stream. */
    readonly reportGap: ReportGap;
  },
) => AsyncIterable<StreamElement<Value>>;

/** All that a stream can read. */
export type AnySource<Value = unknown> =
  StreamingSource<Value> | CustomSource<Value> | Iterable<Value> | AsyncIterable<Value>;

export function keyOfOffset(offset: Offset): string {
  return typeof offset === 'object' ? offset.key : String(offset);
}

export function stateOfOffset(offset: Offset): Json {
  return typeof offset === 'object' ? offset.state : offset;
}
