import type { Gap, SourceAmount } from '../../ports';
import type { Json } from '../../values';

/** The workflow id is `stream/<id>`. */
export const STREAM_WORKFLOW = 'selvage.stream';

/** Reads the source and starts runs, until told to stop or the source ends. Takes a `PumpTask`, returns a `PumpEnd`. */
export const PUMP_ACTIVITY = 'selvage.pump';

/**
 * Saves a `SavedCheckpoint` in the history and returns whether the pump is to stop. A checkpoint is refused after a
 * later pump has saved one.
 */
export const SAVE_CHECKPOINT_UPDATE = 'selvage.saveCheckpoint';

export const STREAM_SIGNAL = 'selvage.stream';

/** Key of a `StreamMemo` in the workflow's memo. */
export const STREAM_MEMO_KEY = 'selvageStream';

/** Milliseconds without a heartbeat after which another process reads the source. */
export const PUMP_HEARTBEAT_MS = 10_000;

export type StreamCommand = 'pause' | 'resume' | 'drain';

/** `draining`: nothing more is read, and the stream ends when everything read is finished. */
export type StreamMode = 'running' | 'paused' | 'draining';

/** How far one partition of a source is finished. */
export interface PartitionCheckpoint {
  /** Every element up to this position is finished. Absent: nothing. */
  readonly after?: Json;
  /** Elements finished beyond `after`: key of the first, number of elements, and, for several, key of the last. */
  readonly done?: readonly (readonly [key: string, elements: number, last?: string])[];
}

/** How far a stream is finished. Elements beyond the checkpoint are read again, and start no second run. */
export interface StreamCheckpoint {
  readonly number: number;
  readonly partitions: Readonly<Record<string, PartitionCheckpoint>>;
  readonly counts: StreamCounts;
  readonly gaps?: StreamGaps;
}

/** Elements lost before they could be read, since the stream's first start. */
export interface StreamGaps {
  readonly count: number;
  readonly newest: readonly Gap[];
}

/** Counts of elements since the stream's first start. */
export interface StreamCounts {
  /** Elements whose run succeeded, and whose result is handled. */
  readonly ok: number;
  /** Dead letters: the run failed, or the element could not be parameters of one. */
  readonly dead: number;
}

export interface StreamRequest {
  readonly id: string;
  readonly tapestry: string;
  readonly source: string;
}

export interface StreamMemo extends StreamRequest {
  readonly mode: StreamMode;
  readonly checkpoint: StreamCheckpoint;
}

/** A checkpoint with its pump: later pumps, and later attempts of a pump, have greater terms. */
export interface SavedCheckpoint {
  readonly checkpoint: StreamCheckpoint;
  readonly term: readonly [round: number, attempt: number];
}

/** Failure type: another pump reads the source now. */
export const PUMP_REPLACED = 'PumpReplaced';

export interface PumpTask {
  readonly id: string;
  /** Which activity of the stream, counted over all executions. */
  readonly round: number;
  readonly checkpoint: StreamCheckpoint;
}

export interface PumpEnd {
  readonly checkpoint: StreamCheckpoint;
  /** `ended`: the source has no more elements. `stopped`: the pump was told to stop. Every read element is finished. */
  readonly why: 'ended' | 'stopped';
}

export interface PumpBeat {
  readonly checkpoint: StreamCheckpoint;
  readonly state: PumpState;
}

export interface PumpState {
  /** The worker's identity. */
  readonly process: string;
  /** Elements read and not finished. */
  readonly inFlight: number;
  /** At most this many elements in flight at once. */
  readonly window: number;
  /** Elements finished per second, over the last minute. */
  readonly rate: number;
  /** Elements of the source that are not read yet. Absent: unknown. */
  readonly lag?: SourceAmount;
  readonly trouble?: string;
  /** Time of this state, in milliseconds since the epoch. */
  readonly at: number;
}

export interface StreamAnswer {
  readonly checkpoint: StreamCheckpoint;
  readonly why: 'ended' | 'drained';
}
