import type { ChildTask } from './child-runs';
import type { KnotTask, HandedBack, KnotCall } from './knot';

/** The list or object of a map, after it was split. */
export interface SplitMap {
  readonly count: number;
  /** Set if it is a plain object. */
  readonly keyed?: true;
  /** Set if it cannot be iterated; the map's activity reports why. */
  readonly refused?: true;
  /** Positions of elements whose activities were ended from outside, as ranges. Absent if there are none. */
  readonly ended?: readonly number[];
}

export interface ElementPlace {
  /** Packed hash of the slice in the data store. */
  readonly slice: string;
  readonly offset: number;
}

/** A slice of a map: its packed hash, and its number of elements. */
type SliceRef = readonly [hash: string, elements: number];

/** The input of `SPLIT_ACTIVITY`: that of the map's own activity, and where to begin. */
export interface SplitTask extends KnotTask {
  readonly knot: string;
  /** Position of the first element. */
  readonly from: number;
}

export interface SplitAnswer extends SplitMap {
  /** The slices from the requested element on. */
  readonly slices: readonly SliceRef[];
  /** If the slices do not reach the end: the position of the next element. */
  readonly next?: number;
  /** Positions already on record, as ranges. Absent if there are none. */
  readonly done?: readonly number[];
}

/** The input of `BATCH_ACTIVITY`. */
export interface BatchTask extends Pick<KnotTask, 'plan' | 'temporalRunId' | 'runId' | 'reuse'> {
  readonly knot: string;
  readonly slice: string;
  /** Offsets in the slice, as ranges. */
  readonly offsets: readonly number[];
  /** Most elements whose bodies run at once. */
  readonly concurrency: number;
  /** Set if some may be on record. */
  readonly mayBeRecorded?: true;
}

/** The answer once all its elements have ended, except those that are handed back. */
export interface BatchAnswer {
  readonly retryAlone?: readonly (readonly [offset: number, how: HandedBack])[];
}

/** The input of the child run of a part of a map: what all parts share, and this part's slices. */
export interface MapPart extends MapWork {
  readonly slices: readonly PartSlice[];
}

/** Shared by all elements of a map. */
export interface MapWork extends Pick<ChildTask, 'behaviour' | 'limits' | 'knot'> {
  /** The call of each element, with the map's id in place of the element's. */
  readonly call: KnotCall;
  readonly task: Pick<ChildTask['task'], 'plan' | 'reuse' | 'temporalRunId' | 'runId'>;
  /** Most concurrent activities. */
  readonly window: number;
  /** Absent: one element per activity. */
  readonly batch?: { readonly size: number; readonly concurrency: number };
  /** Elements whose bodies have thrown before, by position. */
  readonly handedBack?: HandedBack['elements'];
  /** Set if some may be on record. */
  readonly mayBeRecorded?: true;
}

export interface PartSlice {
  readonly hash: string;
  /** Position of its first element. */
  readonly first: number;
  /** Offsets of the elements that are to run, as ranges. */
  readonly offsets: readonly number[];
}
