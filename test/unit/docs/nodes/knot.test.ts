import { knot, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const convert = knot(
  'convert',
  { input: z.object({ amount: z.number(), rate: z.number().positive() }), output: z.number() },
  async ({ amount, rate }, { logger }) => {
    logger.info('converts', { amount });
    return amount * rate;
  },
);

const prices = tapestry('prices', { parameters: { amount: z.number() } }, (_t, { amount }) => {
  const dollars = convert({ amount, rate: 1.25 }, { id: 'dollars' });
  const back = convert({ amount: dollars, rate: 0.8 }, { id: 'back' });
  return { dollars, back };
});

test('one definition, placed twice, makes two knots', async () => {
  const { values, lineage } = await runLocally(prices, { amount: 8 });
  expect(values).toEqual({ dollars: 10, back: 8 });
  const made = lineage.filter(({ knot_class }) => knot_class === 'convert');
  expect(made.map(({ knot_id, parent_knot_ids }) => [knot_id, parent_knot_ids])).toEqual([
    ['dollars', { amount: 'param:amount' }],
    ['back', { amount: 'dollars' }],
  ]);
});
