import { z } from 'zod';

/** An amount of what a source holds, or has lost. */
export const sourceAmount = z.object({ amount: z.number(), unit: z.enum(['elements', 'bytes']) });
export type SourceAmount = Readonly<z.output<typeof sourceAmount>>;

/** A part of a source that was never read, and that the source does not have any more. */
export const gapSchema = z.object({
  partition: z.string(),
  /** The last place before it, in words. Absent: nothing before it was read. */
  after: z.string().optional(),
  /** Where reading goes on, in words. Absent: there is nothing behind it yet. */
  before: z.string().optional(),
  /** How much of it is known. Absent: nobody knows how much it was, or whether it was anything. */
  lost: sourceAmount.optional(),
  /** What has happened. */
  why: z.string(),
  /** When the place before it was last looked at, in milliseconds since the epoch. */
  since: z.number().optional(),
  /** When it was noticed, in milliseconds since the epoch. */
  at: z.number(),
});
export type Gap = Readonly<z.output<typeof gapSchema>>;
