/** Partitions of a backfill: without a run, with a failed newest run, out of date, or all. */
export const SELECTIONS = ['missing', 'failed', 'stale', 'all'] as const;
export type BackfillState = (typeof SELECTIONS)[number];

export const ORDERS = ['forward', 'backward'] as const;
export type BackfillOrder = (typeof ORDERS)[number];
