import { z } from 'zod';
import { knot, loop, optional, subTapestry, tapestry, type Knot, type ValueOf } from '../../src';
import { expectType, type Same } from './expect-type';

const text = knot('text', () => 'text');
const length = knot('length', ({ of }: { of: string }) => of.length);
const maybe = optional(length);

const inner = tapestry(
  'inner',
  { parameters: { word: z.string(), times: { schema: z.number(), default: 1 } } },
  (_t, { word }) => ({ length: length({ of: word }, { id: 'l' }), maybe: maybe({ of: word }, { id: 'm' }) }),
);
const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const count = tapestry('count', { parameters: { x: z.number(), by: z.number() } }, (_t, { x }) => ({
  x: inc({ x }, { id: 'x' }),
  done: isDone({ x }, { id: 'done' }),
}));
const isDone = knot('is-done', ({ x }: { x: number }) => x > 5);
const changes = tapestry('changes', { parameters: { x: z.number() } }, () => ({
  x: text({}, { id: 'x' }),
}));
const untyped = tapestry('untyped', (t) => {
  t.parameter('x', z.number());
});

tapestry('outer', () => {
  const word = text({}, { id: 'word' });
  const nested = subTapestry({ tapestry: inner, inputs: { word } }, { id: 'nested' });
  expectType<Same<typeof nested, Knot<{ length: number; maybe: number | undefined }, 'nested'>>>(true);
  subTapestry({ tapestry: inner, inputs: { word: 'constant', times: 2 } }, { id: 'constants' });
  const anything = subTapestry({ tapestry: untyped, inputs: { x: word } }, { id: 'untyped' });
  expectType<Same<typeof anything, Knot<Record<string, unknown>, 'untyped'>>>(true);

  const refined = loop(
    {
      step: inner,
      initial: { word },
      until: (state) => {
        expectType<
          Same<typeof state, { word: string; times?: number; length: number; maybe: number | undefined }>
        >(true);
        return state.length > 3;
      },
    },
    { id: 'refined' },
  );
  expectType<Same<ValueOf<typeof refined>['word'], string>>(true);
  const counted = loop(
    { step: count, initial: { x: 1, by: 1 }, until: async ({ x, done }) => done || x > 3, max: 5 },
    { id: 'counted', retry: { maximumAttempts: 3 } },
  );
  expectType<Same<typeof counted, Knot<{ by: number; x: number; done: boolean }, 'counted'>>>(true);
  // @ts-expect-error what it returns is not what it takes
  loop({ step: changes, initial: { x: 1 }, until: () => true }, { id: 'bad' });
  // @ts-expect-error no boolean
  loop({ step: count, initial: { x: 1, by: 1 }, until: ({ x }) => x }, { id: 'bad' });
  // @ts-expect-error no initial
  loop({ step: count, until: () => true }, { id: 'bad' });
  // @ts-expect-error of another type
  loop({ step: count, initial: { x: word, by: 1 }, until: () => true }, { id: 'bad' });

  // @ts-expect-error of another type
  subTapestry({ tapestry: inner, inputs: { word: length({ of: word }, { id: 'n' }) } }, { id: 'bad' });
  // @ts-expect-error a parameter is missing
  subTapestry({ tapestry: inner, inputs: {} }, { id: 'bad' });
  // @ts-expect-error no such parameter
  subTapestry({ tapestry: inner, inputs: { word, more: 1 } }, { id: 'bad' });
  // @ts-expect-error how a body is called
  subTapestry({ tapestry: inner, inputs: { word } }, { id: 'bad', retry: { maximumAttempts: 2 } });
  // @ts-expect-error no tapestry
  subTapestry({ tapestry: text, inputs: {} }, { id: 'bad' });
});
