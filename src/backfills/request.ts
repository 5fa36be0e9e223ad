import { z } from 'zod';
import { ORDERS, SELECTIONS } from './selection';

/** The workflow type of a backfill. Every worker of a partitioned tapestry has it. */
export const BACKFILL = 'selvage.backfill';

/** Partitions whose runs are in progress at once, by default. */
export const DEFAULT_MAX = 8;
/** Limited because the worker holds a place for each. */
export const MOST_AT_ONCE = 1_000;

/**
 * The request of a backfill, as its only parameter: plain data, in histories for as long as runs are kept.
 */
export const backfillRequestSchema = z.strictObject({
  tapestry: z.string(),
  /** Content hash of the runs' plan. Absent: the worker's current plan. */
  plan: z.string().optional(),
  /** Keys of the first and the last partition. Absent: the domain's first, and the last that has closed. */
  from: z.string().optional(),
  to: z.string().optional(),
  /** These instead of a range. */
  keys: z.array(z.string()).optional(),
  only: z.array(z.enum(SELECTIONS)).min(1).default(['missing']),
  order: z.enum(ORDERS).default('forward'),
  /** Milliseconds: partitions that closed longer ago than this are left alone. Absent: no limit. */
  catchup: z.number().nonnegative().optional(),
  /** Task queue of the runs. Absent: that of the backfill. */
  queue: z.string().optional(),
  /** Parameters of each run beside its partition. */
  parameters: z.record(z.string(), z.unknown()).default({}),
});

export type BackfillRequest = z.output<typeof backfillRequestSchema>;
export type BackfillInput = z.input<typeof backfillRequestSchema>;
