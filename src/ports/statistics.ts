import { z } from 'zod';

/**
 * `definition`: knots by the name of their definition; `knot`: knots by their id, where all elements of a map count as
 * `users[]`; `tapestry`: runs.
 */
export const statisticsGroup = z.enum(['definition', 'knot', 'tapestry']);
export type StatisticsGroup = z.output<typeof statisticsGroup>;

/** The percentiles are milliseconds, within 2.2 % of the true ones, and exact up to 20. */
const percentiles = z.object({ p50: z.number(), p95: z.number(), p99: z.number() });
export type Percentiles = Readonly<z.output<typeof percentiles>>;

/** Figures of all knots of one definition or id, or of the runs of one tapestry, without parameters. */
export const statistics = z.object({
  name: z.string(),
  /** The number of knots that ran: succeeded or failed, and not reused. A run counts if it succeeded or failed. */
  ran: z.int(),
  failed: z.int(),
  /** The number of skipped knots, or of cancelled or terminated runs. */
  skipped: z.int(),
  /** The number of values taken over from another run; 0 for runs. */
  reused: z.int(),
  /** The milliseconds that making the reused values took. */
  savedMs: z.number(),
  /** The bytes of the values that were made; 0 for runs. */
  bytes: z.number(),
  /** The time from start to end of those that ran; null if none did. */
  durationMs: percentiles.nullable(),
  /** The time from the earliest possible start to the start; null if nothing ran, and for runs. */
  queuedMs: percentiles.nullable(),
});
export type Statistics = Readonly<z.output<typeof statistics>>;
