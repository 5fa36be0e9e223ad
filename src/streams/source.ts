import type { Json } from '../values';
import type { Logger } from '../authoring/knot-context';
import { isDeclared } from '../authoring/marks';
import type { Gap, SourceAmount } from '../ports';

/**
 * Where an element is in its source. A text or a number is enough if the source can go on from it. Otherwise `key`
 * identifies the element, the same each time that it is read, and `state` is what the source needs to go on after it.
 */
export type Offset = string | number | Position;

export interface Position {
  readonly key: string;
  /** Read only for some elements, so that it may be computed by a getter. */
  readonly state: Json;
}

/** Why an element starts no run, or its run has failed. */
export type DeadLetterReason = { readonly code: string; readonly message: string };

/** An element as its source delivers it. */
export interface StreamElement<Value = unknown> {
  readonly value: Value;
  /** Unique in its partition, and the same however often the element is read. */
  readonly offset: Offset;
  /** For order by key: elements of one key are one after another. Default: of the option `key`. */
  readonly key?: string;
  /**
   * A part of the source with an order and offsets of its own: a partition of a topic, a file. Default: the source is
   * one.
   */
  readonly partition?: string;
  /** Why there is no value: the element is a dead letter. */
  readonly unreadable?: DeadLetterReason;
}

/** Says that a partition has no more elements and will not come back, so that nothing of it need be remembered. */
export interface PartitionEnd {
  readonly endOf: string;
}

/** What a source delivers: an element, several at once, or the end of a partition. */
export type Delivered<Value> = StreamElement<Value> | readonly StreamElement<Value>[] | PartitionEnd;

/** By partition: where to go on, which is the `offset` of the last finished element, or its `state`. */
export type Checkpoint = ReadonlyMap<string, Json>;

export interface ReadContext {
  /** Aborted when nothing more is wanted: the source ends its iteration. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /**
   * Saves the places of new partitions, all at once, and returns when that is durable: for a source that invents names
   * of partitions, or begins at their ends, which must be the same after a crash. Deliver elements of these partitions
   * only afterwards.
   */
  save(places: Checkpoint): Promise<void>;
  /** Reports what currently prevents reading; undefined when it reads again. */
  trouble(message: string | undefined): void;
  /** Tells what is lost. Told once more, the same gap is passed over. */
  reportGap: ReportGap;
}

/** Tells a part of the source that was never read and that it does not have any more. */
export type ReportGap = (gap: Omit<Gap, 'at'>) => void;

/** A gap in one line, for the log. */
export function gapWords({ after, before, lost, why }: Omit<Gap, 'at'>): string {
  const amount = lost ? `${lost.amount} ${lost.unit}` : 'an unknown amount';
  const from = after === undefined ? '' : ` after ${after}`;
  const to = before === undefined ? '' : `, before ${before}`;
  return `lost ${amount}${from}${to}: ${why}`;
}

/** A source at work. Whoever reads it keeps the places where to go on: it has none of its own. */
export interface PartitionedFeed<Value = unknown> {
  /**
   * Delivers all elements after these places; of partitions that are not among them, from their beginning. Elements of
   * a partition come in its order. It survives outages, and throws only what no retry helps.
   */
  read(after: Checkpoint, context: ReadContext): AsyncIterable<Delivered<Value>>;
  /** What is there beyond what was delivered. Default: unknown. */
  lag?(): Promise<SourceAmount | undefined>;
  /** Called when a checkpoint is saved: everything up to these places is finished, for a source that acknowledges. */
  commit?(places: Checkpoint): Promise<void>;
  close?(): Promise<void>;
}

const SOURCE = Symbol.for('selvage.source');

export type SourceKind = 'file-tail' | 'iterable' | 'kafka' | 'custom' | 'valkey';

/**
 * A source as declared in a user's file. It loads no client and opens nothing; `selvage stream` and `runStream` do.
 */

export abstract class StreamingSource<Value = unknown> {
  abstract readonly kind: SourceKind;
  /** Checked options, with their defaults. */
  abstract readonly options: unknown;
  declare readonly valueType?: Value;

  constructor() {
    Object.defineProperty(this, SOURCE, { value: true });
  }
}

/** True of a source, whichever realm or copy of the package made it. */
export function isSource(value: unknown): value is StreamingSource {
  return isDeclared(value, SOURCE);
}

/**
 * A source of one's own: a function that returns the elements after an offset, in order; undefined: from the beginning.
 * It is called again with the last finished offset after an outage or in another process.
 */
export type CustomSource<Value> = (
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the offset that the function itself delivered
  after: any,
  context: {
    readonly signal: AbortSignal;
    readonly logger: Logger;
    /** For a source whose elements name a `partition`: the last finished offset of each. */
    readonly checkpoint: Checkpoint;
    /** Tells what was lost before it could be read: in the log and in the status of the stream. */
    readonly reportGap: ReportGap;
  },
) => AsyncIterable<StreamElement<Value>>;

/** Whatever a stream can read. */
export type AnySource<Value = unknown> =
  StreamingSource<Value> | CustomSource<Value> | Iterable<Value> | AsyncIterable<Value>;

/** The identity of an element in its partition. */
export function keyOfOffset(offset: Offset): string {
  return typeof offset === 'object' ? offset.key : String(offset);
}

/** What a source needs to go on after an element. */
export function stateOfOffset(offset: Offset): Json {
  return typeof offset === 'object' ? offset.state : offset;
}
