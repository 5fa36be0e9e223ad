import type { Gap, SourceAmount } from '../../ports';
import type { Json } from '../../values';

/** The workflow type of a stream; its workflow id is `stream/<id>`. */
export const STREAM_WORKFLOW = 'selvage.stream';

/** Reads the source and starts runs, until it is told to stop or the source ends. Takes a `PumpTask`, returns a `PumpEnd`. */
export const PUMP_ACTIVITY = 'selvage.pump';

/**
 * Saves a `SavedCheckpoint` in the history, and returns when it is there: whether the pump is to stop. Refused for a pump
 * after which another has saved one.
 */
export const SAVE_CHECKPOINT_UPDATE = 'selvage.saveCheckpoint';

/** Tells a stream what to do: a `StreamCommand`. */
export const STREAM_SIGNAL = 'selvage.stream';

/** The key of a `StreamMemo` in the workflow's memo. */
export const STREAM_MEMO_KEY = 'selvageStream';

/** Milliseconds without a heartbeat after which another process reads the source. */
export const PUMP_HEARTBEAT_MS = 10_000;

export type StreamCommand = 'pause' | 'resume' | 'drain';

/** `draining`: nothing more is read; when all that was read is finished, the stream ends. */
export type StreamMode = 'running' | 'paused' | 'draining';

/** How far one partition of a source is finished. */
export interface PartitionCheckpoint {
  /** Everything up to this position is finished. Absent: nothing is. */
  readonly after?: Json;
  /** Finished beyond that: the key of the first element, how many elements from there, and, of several, the key of the last. */
  readonly done?: readonly (readonly [key: string, elements: number, last?: string])[];
}

/** How far a stream is finished. What is beyond it is read again, and starts no second run. */
export interface StreamCheckpoint {
  /** Grows with each checkpoint of a stream. */
  readonly number: number;
  readonly partitions: Readonly<Record<string, PartitionCheckpoint>>;
  readonly counts: StreamCounts;
  /** Absent: there is none. */
  readonly gaps?: StreamGaps;
}

/** What was lost before it could be read, since the stream was first started. */
export interface StreamGaps {
  readonly count: number;
  /** The newest first. */
  readonly newest: readonly Gap[];
}

/** Elements since the stream was first started. */
export interface StreamCounts {
  /** Their run succeeded, and what was to be done with the result is done. */
  readonly ok: number;
  /** Dead letters: their run failed, or they could not be parameters of one. */
  readonly dead: number;
}

export interface StreamRequest {
  readonly id: string;
  readonly tapestry: string;
  /** Kind of the source, for people. */
  readonly source: string;
}

export interface StreamMemo extends StreamRequest {
  readonly mode: StreamMode;
  readonly checkpoint: StreamCheckpoint;
}

/** A checkpoint, and which pump it is from: later pumps, and later attempts of one, have greater terms. */
export interface SavedCheckpoint {
  readonly checkpoint: StreamCheckpoint;
  readonly term: readonly [round: number, attempt: number];
}

/** Failure type: another pump reads the source now. */
export const PUMP_REPLACED = 'PumpReplaced';

export interface PumpTask {
  readonly id: string;
  /** Which activity of the stream this is, counted over all executions. */
  readonly round: number;
  readonly checkpoint: StreamCheckpoint;
}

export interface PumpEnd {
  readonly checkpoint: StreamCheckpoint;
  /** `ended`: the source has no more elements, and all are finished. `stopped`: it was told to stop, and finished what it had read. */
  readonly why: 'ended' | 'stopped';
}

/** Heartbeat details of the pump. */
export interface PumpBeat {
  readonly checkpoint: StreamCheckpoint;
  readonly state: PumpState;
}

/** How a pump stands, for people. */
export interface PumpState {
  /** Who reads: the worker's identity. */
  readonly process: string;
  /** Elements that are read and not finished. */
  readonly inFlight: number;
  /** Most elements in flight at once. */
  readonly window: number;
  /** Elements finished a second, over the last minute. */
  readonly rate: number;
  /** What the source holds beyond what was read. Absent: it cannot tell. */
  readonly lag?: SourceAmount;
  /** What currently holds the stream up. */
  readonly trouble?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The result of a stream's workflow. */
export interface StreamAnswer {
  readonly checkpoint: StreamCheckpoint;
  readonly why: 'ended' | 'drained';
}
