/** Which partitions a backfill makes: those without a run, those whose newest run has failed, those that are out of date, or all. */
export const SELECTIONS = ['missing', 'failed', 'stale', 'all'] as const;
export type BackfillState = (typeof SELECTIONS)[number];

export const ORDERS = ['forward', 'backward'] as const;
export type BackfillOrder = (typeof ORDERS)[number];
