import { z } from 'zod';

export const sourceAmount = z.object({ amount: z.number(), unit: z.enum(['elements', 'bytes']) });
export type SourceAmount = Readonly<z.output<typeof sourceAmount>>;

/** A part of a source that was never read, and that the source does not hold any more. */
export const gapSchema = z.object({
  partition: z.string(),
  /** The last place before the gap, in words; absent if nothing before the gap was read. */
  after: z.string().optional(),
  /** The first place behind the gap, in words; absent if there is none yet. */
  before: z.string().optional(),
  /** The lost amount; absent if unknown, possibly nothing. */
  lost: sourceAmount.optional(),
  why: z.string(),
  /** The time when the place before the gap was last looked at, in milliseconds since the epoch. */
  since: z.number().optional(),
  /** The time when the gap was noticed, in milliseconds since the epoch. */
  at: z.number(),
});
export type Gap = Readonly<z.output<typeof gapSchema>>;
