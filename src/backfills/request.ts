import { z } from 'zod';
import { ORDERS, SELECTIONS } from './selection';

export const DEFAULT_MAX = 8;
/** Greatest number of concurrent runs: the worker holds a place for each. */
export const MOST_AT_ONCE = 1_000;

/** The only parameter of a backfill's run: plain data, in histories for as long as runs are kept. */
export const backfillRequestSchema = z.strictObject({
  tapestry: z.string(),
  /** Content hash of the runs' plan; absent for the worker's current plan. */
  plan: z.string().optional(),
  /** Ends of the range; absent for the domain's first partition, and the last that has closed. */
  from: z.string().optional(),
  to: z.string().optional(),
  /** Keys of the partitions, in place of a range. */
  keys: z.array(z.string()).optional(),
  only: z.array(z.enum(SELECTIONS)).min(1).default(['missing']),
  order: z.enum(ORDERS).default('forward'),
  /** Milliseconds: earlier partitions are skipped. Absent: no limit. */
  catchup: z.number().nonnegative().optional(),
  /** Task queue of the runs; absent for the backfill's own queue. */
  queue: z.string().optional(),
  parameters: z.record(z.string(), z.unknown()).default({}),
});

export type BackfillRequest = z.output<typeof backfillRequestSchema>;
export type BackfillInput = z.input<typeof backfillRequestSchema>;
