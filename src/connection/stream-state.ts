import { z } from 'zod';
import { gapSchema, sourceAmount } from '../ports';
import type { PartitionCheckpoint } from '../workflows/messages';

const streamGap = gapSchema.omit({ why: true }).extend({ reason: z.string() });

/** The state of a stream without its partitions. */
export const streamStanding = z.object({
  id: z.string(),
  /** Tapestry of the runs; empty until a process has begun the stream. */
  tapestry: z.string(),
  /** Kind of the stream's source; empty until a process has begun the stream. */
  source: z.string(),
  /** `waiting`: not read. `draining`: the stream ends after its read elements. `ended`: exhausted or drained. */
  state: z.enum(['reading', 'waiting', 'paused', 'draining', 'ended', 'failed']),
  /** Elements since the stream was first started. */
  ok: z.int(),
  failed: z.int(),
  /** Lost unread elements: the newest, and their number; absent if no loss is known. */
  gaps: z.object({ items: z.array(streamGap).readonly(), total: z.int() }).optional(),
  /** The reading worker. Absent: none. */
  readBy: z.string().optional(),
  inFlight: z.int().optional(),
  /** Maximum number of elements in flight. */
  window: z.int().optional(),
  /** Finished elements per second, over the last minute. */
  rate: z.number().optional(),
  lag: sourceAmount.optional(),
  /** The obstacle that holds the stream up. */
  problem: z.string().optional(),
  /** Reason of the failure. */
  error: z.string().optional(),
  /** Last report of the reading process, in milliseconds since the epoch. */
  reportedAt: z.number().optional(),
  startedAt: z.number(),
});

/** The state of a stream. */
export interface StreamState extends Readonly<z.output<typeof streamStanding>> {
  /** Progress by partition. */
  readonly checkpoint: Readonly<Record<string, PartitionCheckpoint>>;
}

export const deadLetter = z.object({
  /** The element's position in the source; of a batch, its first element. */
  element: z.string(),
  /** The element's run; absent if the element could not start one. */
  runId: z.string().optional(),
  reason: z.string().optional(),
  /** Time of the start or refusal, in milliseconds since the epoch. */
  at: z.number(),
});
export type RecordedDeadLetter = Readonly<z.output<typeof deadLetter>>;

/** Progress of a partition of a stream. */
export const streamPartition = z.object({
  partition: z.string(),
  /** The last position up to which all elements are finished; absent if no element is finished. */
  checkpoint: z.string().optional(),
  /** Number of finished elements after the checkpoint. */
  ahead: z.int(),
});
export type StreamPartition = Readonly<z.output<typeof streamPartition>>;
