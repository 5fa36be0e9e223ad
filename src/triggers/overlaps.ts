export const OVERLAPS = [
  'skip',
  'buffer-one',
  'buffer-all',
  'cancel-other',
  'terminate-other',
  'allow-all',
] as const;

/**
 * What happens at a planned time while the schedule has an unfinished run. `skip`: no run starts.
 * `buffer-one`: a run waits for its end; further times are skipped. `buffer-all`: each run waits for the one
 * before it. `cancel-other`: that run is cancelled, and the new one starts when it is over.
 * `terminate-other`: that run is terminated. `allow-all`: the new run starts beside it.
 */
export type Overlap = (typeof OVERLAPS)[number];
