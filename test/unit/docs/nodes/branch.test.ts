import { branch, firstOk, knot, runLocally, tapestry } from 'selvage';
import { z } from 'zod';

const shape = z.discriminatedUnion('type', [
  z.object({ type: z.literal('circle'), radius: z.number() }),
  z.object({ type: z.literal('square'), side: z.number() }),
]);
const circleArea = knot(
  'circle-area',
  ({ circle }: { circle: { radius: number } }) => 3 * circle.radius ** 2,
);
const squareArea = knot('square-area', ({ square }: { square: { side: number } }) => square.side ** 2);
const alarm = knot('alarm', ({ area }: { area: number }) => `${area} is too much`);

const areas = tapestry('areas', (t) => {
  // By a field of the input: each path has the members of the union with its tag.
  const kind = branch({ input: t.parameter('shape', shape), on: 'type' }, { id: 'kind' });
  const area = firstOk(
    {
      of: [
        circleArea({ circle: kind.path('circle') }, { id: 'of-circle' }),
        squareArea({ square: kind.path('square') }, { id: 'of-square' }),
      ],
    },
    { id: 'area' },
  );
  // By a function, which may be asynchronous.
  const size = branch(
    { input: area, branches: ['small', 'large'], selector: async (area) => (area > 10 ? 'large' : 'small') },
    { id: 'size' },
  );
  alarm({ area: size.path('large') }, { id: 'alarm' });
  return { area, size };
});

test('one path is taken, and the others are skipped', async () => {
  const { values, outcomes } = await runLocally(areas, { shape: { type: 'square', side: 2 } });
  expect(values).toEqual({ area: 4, size: 'small' });
  expect(outcomes['kind:circle']).toEqual({ kind: 'skipped', reason: 'branch_not_selected' });
  expect(outcomes['alarm']).toMatchObject({ kind: 'skipped' });
});

test('the other path', async () => {
  const { values, outcomes } = await runLocally(areas, { shape: { type: 'circle', radius: 2 } });
  expect(values).toEqual({ area: 12, size: 'large' });
  expect(outcomes['alarm']).toEqual({ kind: 'ok', value: '12 is too much' });
});
