import { z } from 'zod';
import { recordOf } from '../../authoring';
import { list as listOf } from '../fields';
import { question } from '../operation';

export const list = question({
  name: 'tapestries.list',
  summary: 'the tapestries of the given file',
  group: 'write',
  isTool: true,
  ask: z.strictObject({}),
  answer: z.object({
    items: listOf(z.object({ name: z.string(), description: z.string().optional(), knots: z.int() })),
  }),
  examples: [{}],
  run: ({ tapestries }) => ({
    items: tapestries.map((tapestry) => {
      const { name, options, knots } = recordOf(tapestry);
      return { name, description: options.description, knots: knots.size };
    }),
  }),
});
