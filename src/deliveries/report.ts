import { z } from 'zod';
import { emitterState } from '../ports';

/** What an emitter has not heard of yet. */
const lag = z.object({
  /** How many changes; with `atLeast`, at least as many. Changes that its filter leaves out are counted, too. */
  changes: z.int(),
  atLeast: z.boolean(),
  /** The time in the oldest of them. */
  since: z.number().nullable(),
  /** Milliseconds since then, by the clock of the history. */
  ageMs: z.number(),
});
export type Lag = Readonly<z.output<typeof lag>>;

/** How an emitter fares, for people and tools. */
export const emitterReport = emitterState.omit({ disabledBecause: true }).extend({
  state: z.enum(['idle', 'delivering', 'failing', 'disabled', 'unassigned']),
  disabledReason: z.string().nullable(),
  /** The process that delivers, in words. Null: none does. */
  deliveredBy: z.string().nullable(),
  lag,
});
export type EmitterReport = Readonly<z.output<typeof emitterReport>>;
