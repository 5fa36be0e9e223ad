import { knot, map, reduce, tapestry } from 'selvage';
import { z } from 'zod';

const listCities = knot('list-cities', ({ count }: { count: number }) =>
  Array.from({ length: count }, (_, number) => `city ${number + 1}`),
);
/** Stands for a call for each element. One that fails for good is left out of the list, and has its record. */
const measure = knot('measure', async ({ city }: { city: string }) => {
  if (city.endsWith('13')) throw new Error(`${city} does not answer`);
  return { city, degrees: (city.length * 7) % 30 };
});

export const temperatures = tapestry(
  'temperatures',
  { parameters: { count: z.number().int().positive() } },
  (_t, { count }) => {
    const cities = listCities({ count }, { id: 'cities' });
    const measured = map(
      { over: cities, each: measure, bind: 'city', concurrency: 20, batch: 10, onError: 'skip' },
      { id: 'measured', retry: { maximumAttempts: 2, initialInterval: 100 } },
    );
    const warmest = reduce(
      { of: measured, combine: (all) => Math.max(...all.map(({ degrees }) => degrees)) },
      { id: 'warmest' },
    );
    const answers = reduce({ of: measured, combine: (all) => all.length }, { id: 'answers' });
    return { warmest, answers };
  },
);
