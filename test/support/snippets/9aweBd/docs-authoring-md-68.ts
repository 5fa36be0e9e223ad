import { tapestry } from 'selvage';
import { z } from 'zod';
import { parse, total } from './definitions';

export const sums = tapestry(
  'sums',
  { parameters: { text: z.string(), label: { schema: z.string(), default: 'sum' } } },
  (_t, { text }) => {
    const numbers = parse({ text }, { id: 'numbers' });
    return { sum: total({ numbers }, { id: 'sum' }) };
  },
);
