import { z } from 'zod';
import { knot, optional, subTapestry, tapestry, type Knot } from '../../src';
import { expectType, type Same } from './expect-type';

const text = knot('text', () => 'text');
const length = knot('length', ({ of }: { of: string }) => of.length);
const maybe = optional(length);

const inner = tapestry(
  'inner',
  { parameters: { word: z.string(), times: { schema: z.number(), default: 1 } } },
  (_t, { word }) => ({ length: length({ of: word }, { id: 'l' }), maybe: maybe({ of: word }, { id: 'm' }) }),
);
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
