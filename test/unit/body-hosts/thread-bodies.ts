import { threadId } from 'node:worker_threads';
import { z } from 'zod';
import { aggregate, knot, map, tapestry, threads } from '../../../src';

/* What the tests of body threads load in their threads. */

const dispatcher = threads({ module: __filename, maxWorkers: 2 });

export const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const list = knot('list', ({ n }: { n: number }) => Array.from({ length: n }, (_, index) => index));
const square = knot('square', ({ x }: { x: number }) => x * x);
const where = knot('where', () => threadId);

export const sums = tapestry('sums', { knots: { dispatcher } }, (t) => {
  const n = t.parameter('n', z.number());
  const squares = map({ over: list({ n }, { id: 'list' }), each: square, bind: 'x' }, { id: 'squares' });
  const total = aggregate(
    { inputs: { squares }, combine: ({ squares: all }) => all.reduce((sum, one) => sum + one, 0) },
    { id: 'total' },
  );
  return { total, thread: where({}, { id: 'where' }) };
});
