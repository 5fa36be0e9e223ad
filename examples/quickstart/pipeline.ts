import { knot, tapestry } from 'selvage';
import { z } from 'zod';

export const double = knot(
  'double',
  { input: z.object({ x: z.number() }), output: z.number() },
  ({ x }) => x * 2,
);
export const add = knot('add', async ({ a, b }: { a: number; b: number }) => a + b);

export const quickstart = tapestry('quickstart', { parameters: { x: z.number() } }, (_t, { x }) => {
  const d = double({ x }, { id: 'd' });
  const answer = add({ a: x, b: d }, { id: 'answer' });
  return { answer };
});
