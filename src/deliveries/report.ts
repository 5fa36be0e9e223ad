import { z } from 'zod';
import { emitterState } from '../ports';

const lag = z.object({
  /** Number of undelivered changes, filtered ones included. With `atLeast`, there may be more changes. */
  changes: z.int(),
  atLeast: z.boolean(),
  /** Time of the oldest undelivered change. */
  since: z.number().nullable(),
  /** Age of the oldest undelivered change in milliseconds, by the history's clock. */
  ageMs: z.number(),
});
export type Lag = Readonly<z.output<typeof lag>>;

export const emitterReport = emitterState.omit({ disabledBecause: true }).extend({
  state: z.enum(['idle', 'delivering', 'failing', 'disabled', 'unassigned']),
  disabledReason: z.string().nullable(),
  /** The delivering process, in words. Null: none. */
  deliveredBy: z.string().nullable(),
  lag,
});
export type EmitterReport = Readonly<z.output<typeof emitterReport>>;
