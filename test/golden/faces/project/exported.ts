/** All that it has can be said in YAML. */
import { knot, tapestry } from 'selvage';
import { z } from 'zod';

export const halve = knot(
  'halve',
  { input: z.object({ x: z.number() }), output: z.number() },
  ({ x }) => x / 2,
);
export const halves = tapestry('halves', { parameters: { x: z.number() } }, (_t, { x }) => ({
  half: halve({ x }, { id: 'half', summary: 'One half of it' }),
}));
