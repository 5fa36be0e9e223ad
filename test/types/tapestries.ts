import { z } from 'zod';
import {
  knot,
  Tapestry,
  tapestry,
  type Knot,
  type ParametersOfTapestry,
  type ValuesOfTapestry,
} from '../../src';
import { expectType, type Same } from './expect-type';

const double = knot('double', ({ x }: { x: number }) => x * 2);

/** What starts runs has this form. */
declare function start<P extends object, V extends object>(tapestry: Tapestry<P, V>, parameters: P): V;

// Parameters declared by the way: names and types are checked when the run starts.
const quickstart = tapestry('quickstart', (t) => {
  const x = t.parameter('x', z.number(), { default: 3 });
  const y = t.parameter('y', z.string());
  // @ts-expect-error a default of the wrong type
  t.parameter('z', z.number(), { default: 'three' });
  return { answer: double({ x }, { id: 'answer' }), y };
});
expectType<Same<ValuesOfTapestry<typeof quickstart>, { answer: number; y: string }>>(true);
expectType<Same<ReturnType<typeof startQuickstart>, { answer: number; y: string }>>(true);
const startQuickstart = () => start(quickstart, { x: 5, y: 'a' });

// Parameters declared in the options: checked by the compiler.
const declared = tapestry(
  'declared',
  {
    parameters: {
      x: z.number(),
      unit: z.enum(['mm', 'inch']).default('mm'),
      limit: { schema: z.number(), default: 10 },
      since: { schema: z.coerce.date() },
    },
    failOn: 'any',
  },
  (t, { x, unit, limit, since }) => {
    expectType<Same<typeof unit, Knot<'mm' | 'inch', 'param:unit'>>>(true);
    expectType<Same<typeof limit, Knot<number, 'param:limit'>>>(true);
    expectType<Same<typeof since, Knot<Date, 'param:since'>>>(true);
    // @ts-expect-error a parameter that is not declared
    t.parameter('other', z.number());
    return { twice: double({ x }, { id: 'twice' }) };
  },
);
start(declared, { x: 1, since: '2020-01-01' }).twice.toFixed();
start(declared, { x: 1, since: 0, unit: 'inch', limit: 3 });
// @ts-expect-error a missing parameter
start(declared, { since: 0 });
// @ts-expect-error a missing parameter, whose schema takes anything
start(declared, { x: 1 });
// @ts-expect-error an unknown parameter
start(declared, { x: 1, since: 0, other: 1 });
// @ts-expect-error an ill-typed parameter
start(declared, { x: 'one', since: 0 });
// @ts-expect-error an unknown value
start(declared, { x: 1, since: 0 }).other;
// @ts-expect-error a default that its schema refuses
tapestry('bad', { parameters: { limit: { schema: z.number(), default: 'ten' } } }, () => {});

// Parameters stated on `t`: each declaration must fit what was stated.
const stated = tapestry('stated', (t: Tapestry<{ x: number; y?: string }>) => {
  const x = t.parameter('x', z.number());
  const y = t.parameter('y', z.string(), { default: 'a' });
  // @ts-expect-error a schema of another type than stated
  t.parameter('x', z.string());
  // @ts-expect-error a parameter that was not stated
  t.parameter('z', z.string());
  return { x, y };
});
expectType<Same<ParametersOfTapestry<typeof stated>, { x: number; y?: string }>>(true);
expectType<Same<ValuesOfTapestry<typeof stated>, { x: number; y: string }>>(true);
start(stated, { x: 1 });
// @ts-expect-error an ill-typed parameter
start(stated, { x: '1' });

const withOptions = tapestry('with-options', { failOn: 'never', knots: { timeout: 5 } }, (t) => ({
  x: t.parameter('x', z.number()),
}));
expectType<Same<ValuesOfTapestry<typeof withOptions>, { x: number }>>(true);

const nothing = tapestry('nothing', (t) => {
  t.parameter('x', z.number());
});
expectType<Same<ValuesOfTapestry<typeof nothing>, Record<string, unknown>>>(true);

// By hand, without ambience.
const made = new Tapestry('made', { failOn: 'any' });
const x = made.parameter('x', z.number());
const registered = made.register(double({ x }, { id: 'd', tapestry: made }));
expectType<Same<typeof registered, Knot<number, 'd'>>>(true);
const asked = made.terminals({ d: registered });
expectType<Same<ValuesOfTapestry<typeof asked>, { d: number }>>(true);
// @ts-expect-error a terminal that is no knot
made.terminals({ d: 5 });

// @ts-expect-error an asynchronous build
tapestry('bad', async (t) => ({ x: t.parameter('x', z.number()) }));
// @ts-expect-error a terminal that is no knot
tapestry('bad', () => ({ five: 5 }));
// @ts-expect-error an unknown option
tapestry('bad', { retries: 3 }, () => {});
