/** Apart from the pipeline, so that no worker delivers to it while faces are looked at. */
import { emitter } from 'selvage';

/** Takes the ends of runs, but for those that failed. */
export const ends = emitter(
  'ends',
  (events) =>
    Promise.resolve({
      rejected: events
        .filter(({ id }) => id.endsWith('/failed'))
        .map(({ id }) => ({ id, reason: 'it is bad' })),
    }),
  { from: 'beginning' },
);
