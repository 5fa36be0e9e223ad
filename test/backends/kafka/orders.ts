import { z } from 'zod';

import { knot, tapestry } from '../../../src';

const echo = knot('echo', ({ order }: { order: unknown }) => order);

export const orders = tapestry('orders', { parameters: { order: z.unknown() } }, (_t, { order }) => ({
  echo: echo({ order }, { id: 'echo' }),
}));
