import { z } from 'zod';
import { aggregate, knot, reduce, tapestry, type Knot } from '../../src';
import { expectType, type Same } from './expect-type';

const list = knot('list', () => [1, 2, 3]);

tapestry('nodes', (t) => {
  const name = t.parameter('name', z.string());
  const numbers = list({}, { id: 'numbers' });

  const line = aggregate(
    {
      inputs: { name, numbers, unit: 'EUR' },
      combine: async (inputs) => {
        expectType<
          Same<typeof inputs, { readonly name: string; readonly numbers: number[]; readonly unit: 'EUR' }>
        >(true);
        return `${inputs.name} ${inputs.numbers.length}`;
      },
    },
    { id: 'line' },
  );
  expectType<Same<typeof line, Knot<string, 'line'>>>(true);

  const highest = reduce({ of: numbers, combine: (all) => Math.max(...all) }, { id: 'highest' });
  expectType<Same<typeof highest, Knot<number, 'highest'>>>(true);
  const text = reduce(
    { of: numbers, fold: (so, element) => `${so}${element.toFixed()}`, initial: '' },
    { id: 'text' },
  );
  expectType<Same<typeof text, Knot<string, 'text'>>>(true);
  reduce(
    { of: numbers, fold: async (sum: number, element) => sum + element, initial: highest },
    { id: 'sum' },
  );

  // @ts-expect-error no list
  reduce({ of: name, combine: (all: readonly string[]) => all.length }, { id: 'bad' });
  // @ts-expect-error a fold without a beginning
  reduce({ of: numbers, fold: (sum: number, element: number) => sum + element }, { id: 'bad' });
  // @ts-expect-error the beginning is of another type
  reduce({ of: numbers, fold: (sum: number, element) => sum + element, initial: 'none' }, { id: 'bad' });
  // @ts-expect-error no function
  aggregate({ inputs: { name } }, { id: 'bad' });
  // @ts-expect-error no id
  aggregate({ inputs: { name }, combine: () => 1 }, {});

  return { line };
});
