import type { ChildTask } from './child-runs';
import type { KnotTask, HandedBack, KnotCall } from './knot';

export interface SplitMap {
  readonly count: number;
  /** A plain object. */
  readonly keyed?: true;
  /** The value is not iterable; the map's activity reports why. */
  readonly refused?: true;
  /** Ranges of elements whose activities were ended from outside. Absent: none. */
  readonly ended?: readonly number[];
}

export interface ElementPlace {
  /** Packed hash of the slice in the data store. */
  readonly slice: string;
  readonly offset: number;
}

type SliceRef = readonly [hash: string, elements: number];

export interface SplitTask extends KnotTask {
  readonly knot: string;
  readonly from: number;
}

export interface SplitAnswer extends SplitMap {
  readonly slices: readonly SliceRef[];
  /** Position of the next element, if the slices do not reach the end. */
  readonly next?: number;
  /** Ranges of elements that are already on record. Absent: none. */
  readonly done?: readonly number[];
}

export interface BatchTask extends Pick<KnotTask, 'plan' | 'temporalRunId' | 'runId' | 'reuse'> {
  readonly knot: string;
  readonly slice: string;
  /** Ranges of offsets of elements in the slice. */
  readonly offsets: readonly number[];
  /** Maximum number of concurrent bodies. */
  readonly concurrency: number;
  /** Whether some elements may be on record. */
  readonly mayBeRecorded?: true;
}

/** The answer when all elements have ended, except those handed back. */
export interface BatchAnswer {
  readonly retryAlone?: readonly (readonly [offset: number, how: HandedBack])[];
}

/** Input of the child run for a part of a map. */
export interface MapPart extends MapWork {
  readonly slices: readonly PartSlice[];
}

export interface MapWork extends Pick<ChildTask, 'behaviour' | 'limits' | 'knot'> {
  /** The activity's options, with the map's id in place of the element's. */
  readonly call: KnotCall;
  readonly task: Pick<ChildTask['task'], 'plan' | 'reuse' | 'temporalRunId' | 'runId'>;
  /** Maximum number of concurrent activities. */
  readonly window: number;
  /** Elements of one batch; absent: one element per activity. */
  readonly batch?: { readonly size: number; readonly concurrency: number };
  /** Elements whose bodies have thrown, by position. */
  readonly handedBack?: HandedBack['elements'];
  readonly mayBeRecorded?: true;
}

export interface PartSlice {
  readonly hash: string;
  readonly first: number;
  /** Ranges of offsets of the elements to run. */
  readonly offsets: readonly number[];
}
