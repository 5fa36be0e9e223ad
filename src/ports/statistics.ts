import { z } from 'zod';

/**
 * `definition`: of knots, by the name of their definition; `knot`: by their id, where all elements of a map
 * count as `users[]`; `tapestry`: of runs.
 */
export const statisticsGroup = z.enum(['definition', 'knot', 'tapestry']);
export type StatisticsGroup = z.output<typeof statisticsGroup>;

/** Milliseconds, at most 2.2 % beside the true ones, and exact up to 20. */
const percentiles = z.object({ p50: z.number(), p95: z.number(), p99: z.number() });
export type Percentiles = Readonly<z.output<typeof percentiles>>;

/** Figures about all knots of one definition or id, or about the runs of one tapestry. Parameters do not count. */
export const statistics = z.object({
  name: z.string(),
  /** How many ran: succeeded or failed, and not reused. Of a run: succeeded or failed. */
  ran: z.int(),
  failed: z.int(),
  /** Skipped knots; runs that were cancelled or terminated. */
  skipped: z.int(),
  /** Values taken over from another run. 0 for runs. */
  reused: z.int(),
  /** How many milliseconds it took to make the reused values. */
  savedMs: z.number(),
  /** Bytes of the values that were made. 0 for runs. */
  bytes: z.number(),
  /** From start to end of what ran; null if nothing did. */
  durationMs: percentiles.nullable(),
  /** From the moment when it could have started until it did; null if nothing ran, and for runs. */
  queuedMs: percentiles.nullable(),
});
export type Statistics = Readonly<z.output<typeof statistics>>;
