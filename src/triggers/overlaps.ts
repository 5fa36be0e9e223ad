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
 * `buffer-one`: a run waits for the unfinished run's end; further times are skipped. `buffer-all`: each run waits for
 * the one before it. `cancel-other`: the unfinished run is cancelled, and the new run starts when it is over.
 * `terminate-other`: the unfinished run is terminated. `allow-all`: the new run starts beside the unfinished one.
 */
export type Overlap = (typeof OVERLAPS)[number];
