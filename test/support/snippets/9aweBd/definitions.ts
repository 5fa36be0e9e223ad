import { knot } from 'selvage';
import { z } from 'zod';

export const parse = knot(
  'parse',
  { input: z.object({ text: z.string() }), output: z.array(z.number()), version: '2' },
  ({ text }) => text.split(',').map(Number),
);

export const total = knot('total', async ({ numbers }: { numbers: number[] }) =>
  numbers.reduce((sum, number) => sum + number, 0),
);

// Generic bodies are functions that return a definition.
export const first = <T>() => knot('first', ({ list }: { list: T[] }): T | null => list[0] ?? null);
import { tapestry } from 'selvage';



export const sums = tapestry(
  'sums',
  { parameters: { text: z.string(), label: { schema: z.string(), default: 'sum' } } },
  (_t, { text }) => {
    const numbers = parse({ text }, { id: 'numbers' });
    return { sum: total({ numbers }, { id: 'sum' }) };
  },
);
