export const OVERLAPS = [
  'skip',
  'buffer-one',
  'buffer-all',
  'cancel-other',
  'terminate-other',
  'allow-all',
] as const;

/**
 * How to treat a planned time while the schedule has an unfinished run. `skip`: no run starts. `buffer-one`:
 * it waits for the end of that run; further times meanwhile are skipped. `buffer-all`: each waits for the one
 * before it. `cancel-other`: that run is cancelled, and the new one starts when it is over.
 * `terminate-other`: that run is terminated. `allow-all`: the new one starts beside it.
 */
export type Overlap = (typeof OVERLAPS)[number];
