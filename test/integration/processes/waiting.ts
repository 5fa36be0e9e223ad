import { knot, tapestry } from '../../../src';
import { noteBeginning, untilPermitted } from './beginnings';

const place = { key: 'one-place', limit: 1 };
const stay = knot('stay', { maxConcurrent: place }, async (_: object, context) => {
  await untilPermitted(context);
});
const pass = knot('pass', (_: object, context) => {
  noteBeginning(context);
  return context.attempt;
});
const kill = knot('kill', { maxConcurrent: { key: 'killers', limit: 1 } }, (_: object, context) => {
  noteBeginning(context);
  process.kill(process.pid, 'SIGKILL');
});

/** Has the place until it is told to give it back. */
export const staying = tapestry('staying', () => void stay({}, { id: 'stays' }));
export const waitsForPlace = tapestry('waits-for-place', () => ({
  attempt: pass({}, { id: 'waits', maxConcurrent: place }),
}));
export const waitsForTurn = tapestry('waits-for-turn', () => ({
  attempt: pass({}, { id: 'waits', ratePerSecond: { key: 'turns', limit: 2 } }),
}));
/** Its body kills its worker, whenever it has a place. */
export const killing = tapestry('killing', () => void kill({}, { id: 'kills' }));
