import type { SourceAmount } from '../ports';
import type { PartitionCheckpoint, StreamGaps, StreamMode } from '../workflows/messages';

/** How a stream stands. */
export interface StreamState {
  readonly id: string;
  /** Empty until a process has begun it. */
  readonly tapestry: string;
  /** Kind of its source; empty as long as `tapestry` is. */
  readonly source: string;
  /**
   * `waiting`: no process reads it. `draining`: it ends when what was read is finished. `ended`: its source had no more
   * elements, or it was drained. `failed`: `failure` says why.
   */
  readonly state: Exclude<StreamMode, 'running'> | 'reading' | 'waiting' | 'ended' | 'failed';
  /** Elements since the stream was first started. */
  readonly ok: number;
  readonly failed: number;
  /** What was lost before it could be read, the newest of it, and how often. Absent: nothing that is known. */
  readonly gaps?: { readonly items: readonly StreamGap[]; readonly total: number };
  /** How far each partition is finished. */
  readonly checkpoint: Readonly<Record<string, PartitionCheckpoint>>;
  /** Who reads. Absent: nobody. */
  readonly readBy?: string;
  readonly inFlight?: number;
  /** Most elements in flight. */
  readonly window?: number;
  /** Elements finished a second, over the last minute. */
  readonly rate?: number;
  readonly lag?: SourceAmount;
  /** What holds the stream up. */
  readonly problem?: string;
  /** Why it has failed. */
  readonly error?: string;
  /** When the process that reads last reported, in milliseconds since the epoch. */
  readonly reportedAt?: number;
  readonly startedAt: number;
}

/** Elements that were lost before they could be read. */
export type StreamGap = Omit<StreamGaps['newest'][number], 'why'> & { readonly reason: string };

/** An element that has failed. */
export interface RecordedDeadLetter {
  /** Its place in the source; of a batch, that of its first element. */
  readonly element: string;
  /** The run that has failed. Absent: the element could not start one. */
  readonly runId?: string;
  readonly reason?: string;
  /** When it was started or refused, in milliseconds since the epoch. */
  readonly at: number;
}

/** How far a partition of a stream is. */
export interface StreamPartition {
  readonly partition: string;
  /** The last place up to which all is finished. Absent: nothing is. */
  readonly checkpoint?: string;
  /** How many elements are finished beyond it. */
  readonly ahead: number;
}
