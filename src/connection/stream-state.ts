import { z } from 'zod';
import { gapSchema, sourceAmount } from '../ports';
import type { PartitionCheckpoint } from '../workflows/messages';

/** Elements that were lost before they could be read. */
const streamGap = gapSchema.omit({ why: true }).extend({ reason: z.string() });

/** How a stream stands, without how far each partition is. */
export const streamStanding = z.object({
  id: z.string(),
  /** Empty until a process has begun it. */
  tapestry: z.string(),
  /** Kind of its source; empty as long as `tapestry` is. */
  source: z.string(),
  /**
   * `waiting`: no process reads it. `draining`: it ends when what was read is finished. `ended`: its source had no more
   * elements, or it was drained. `failed`: `error` says why.
   */
  state: z.enum(['reading', 'waiting', 'paused', 'draining', 'ended', 'failed']),
  /** Elements since the stream was first started. */
  ok: z.int(),
  failed: z.int(),
  /** What was lost before it could be read, the newest of it, and how often. Absent: nothing that is known. */
  gaps: z.object({ items: z.array(streamGap).readonly(), total: z.int() }).optional(),
  /** Who reads. Absent: nobody. */
  readBy: z.string().optional(),
  inFlight: z.int().optional(),
  /** Most elements in flight. */
  window: z.int().optional(),
  /** Elements finished a second, over the last minute. */
  rate: z.number().optional(),
  lag: sourceAmount.optional(),
  /** What holds the stream up. */
  problem: z.string().optional(),
  /** Why it has failed. */
  error: z.string().optional(),
  /** When the process that reads last reported, in milliseconds since the epoch. */
  reportedAt: z.number().optional(),
  startedAt: z.number(),
});

/** How a stream stands. */
export interface StreamState extends Readonly<z.output<typeof streamStanding>> {
  /** How far each partition is finished. */
  readonly checkpoint: Readonly<Record<string, PartitionCheckpoint>>;
}

/** An element that has failed. */
export const deadLetter = z.object({
  /** Its place in the source; of a batch, that of its first element. */
  element: z.string(),
  /** The run that has failed. Absent: the element could not start one. */
  runId: z.string().optional(),
  reason: z.string().optional(),
  /** When it was started or refused, in milliseconds since the epoch. */
  at: z.number(),
});
export type RecordedDeadLetter = Readonly<z.output<typeof deadLetter>>;

/** How far a partition of a stream is. */
export const streamPartition = z.object({
  partition: z.string(),
  /** The last place up to which all is finished. Absent: nothing is. */
  checkpoint: z.string().optional(),
  /** How many elements are finished beyond it. */
  ahead: z.int(),
});
export type StreamPartition = Readonly<z.output<typeof streamPartition>>;
