import { z } from 'zod';
import { knot, tapestry, type In } from '../../src';
import { expectType, type Same } from './expect-type';

interface Options {
  since: Date;
  tags: string[];
  range: [number, number];
  by: Map<string, Set<number>>;
  bytes: Uint8Array;
  level: 'low' | 'high';
  nested?: { on: boolean } | null;
}
const summarise = knot('summarise', (options: Options) => options.tags.length);
const anything = knot('anything', ({ value }: { value: unknown }) => value);
const loose = knot('loose', { input: z.looseObject({ a: z.number() }) }, ({ a }) => a);
const filled = knot('filled', { input: z.object({ n: z.number().default(1) }) }, ({ n }) => n);
const first = <T>() => knot('first', ({ of }: { of: T[] }) => of[0]);
const dated = knot(
  'dated',
  { input: z.object({ at: z.string().transform((text) => new Date(text)) }) },
  ({ at }) => {
    expectType<Same<typeof at, Date>>(true);
    return at;
  },
);

tapestry('constants', () => {
  summarise(
    {
      since: new Date(0),
      tags: ['a'],
      range: [1, 2],
      by: new Map([['a', new Set([1])]]),
      bytes: new Uint8Array(1),
      level: 'low',
      nested: { on: true },
    },
    { id: 's' },
  );
  anything({ value: 1 }, { id: 'a' });
  anything({ value: { deep: [1] } }, { id: 'b' });
  loose({ a: 1, more: 'x' }, { id: 'c' });
  filled({}, { id: 'd' });
  dated({ at: '2020-01-01' }, { id: 'e' });
  // @ts-expect-error the schema takes a text, and gives the body a date
  dated({ at: new Date(0) }, { id: 'f' });

  const numbers = first<number>()({ of: [1, 2] }, { id: 'g' });
  first<number | undefined>()({ of: [1, undefined] }, { id: 'h' });
  // @ts-expect-error a list of texts where a list of numbers is expected
  first<number>()({ of: ['a'] }, { id: 'i' });
  const wider: In<number | string | undefined> = numbers;
  return { numbers, wider: anything({ value: wider }, { id: 'j' }) };
});
