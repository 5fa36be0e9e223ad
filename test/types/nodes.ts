import { z } from 'zod';
import {
  aggregate,
  branch,
  firstOk,
  gate,
  local,
  knot,
  Knot,
  map,
  optional,
  reduce,
  sink,
  sleep,
  source,
  subTapestry,
  tapestry,
  waitForSignal,
  waitUntil,
  type OptionalKnot,
  type Outcome,
  type Tapestry,
  type ValueOf,
} from '../../src';
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

  const told = aggregate(
    {
      inputs: { name, by: 2 },
      receives: 'outcomes',
      combine: ({ name, by }) => (name.kind === 'ok' ? name.value.length * by.value : name.kind),
    },
    { id: 'told', errorPolicy: 'receiveErrors' },
  );
  expectType<Same<typeof told, Knot<number | 'err' | 'skipped', 'told'>>>(true);
  aggregate(
    { inputs: { name }, receives: 'outcomes', combine: ({ name }: { name: Outcome<string> }) => name.kind },
    { id: 'annotated' },
  );
  const longest = reduce(
    { of: numbers, receives: 'outcomes', combine: (all) => (all.kind === 'ok' ? all.value.length : 0) },
    { id: 'longest' },
  );
  expectType<Same<typeof longest, Knot<number, 'longest'>>>(true);

  // @ts-expect-error a function that takes values
  aggregate({ inputs: { name }, receives: 'outcomes', combine: ({ name }) => name.length }, { id: 'bad' });
  // @ts-expect-error a function that takes values
  reduce({ of: numbers, receives: 'outcomes', combine: (all) => all.length }, { id: 'bad' });
  // @ts-expect-error elements are values
  reduce({ of: numbers, receives: 'outcomes', fold: (so: number) => so, initial: 0 }, { id: 'bad' });
  // @ts-expect-error a policy of functions that receive outcomes
  aggregate({ inputs: { name }, combine: () => 1 }, { id: 'bad', errorPolicy: 'receiveErrors' });
  // @ts-expect-error a policy of functions that receive outcomes
  reduce({ of: numbers, combine: () => 1 }, { id: 'bad', errorPolicy: 'receiveErrors' });
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

  const readings = source({ read: async (ctx) => [ctx.attempt] }, { id: 'readings' });
  expectType<Same<typeof readings, Knot<number[], 'readings'>>>(true);
  const receipt = sink(
    { inputs: { readings, to: 'disk' }, write: async ({ readings }) => readings.length > 0 },
    { id: 'receipt' },
  );
  expectType<Same<typeof receipt, Knot<boolean, 'receipt'>>>(true);
  // @ts-expect-error no function
  source({ read: 3 }, { id: 'bad' });
  // @ts-expect-error a key that a source does not have
  source({ read: () => 1, inputs: {} }, { id: 'bad' });
  // @ts-expect-error a misspelt key
  aggregate({ inputs: { name }, combine: () => 1, combined: 1 }, { id: 'bad' });
  // @ts-expect-error an input that is none
  sink({ inputs: { readings }, write: ({ reading }) => reading }, { id: 'bad' });

  return { line };
});

type Shape = { type: 'circle'; radius: number } | { type: 'square'; side: number };
const draw = knot('draw', (): Shape => ({ type: 'circle', radius: 1 }));
const round = knot('round', ({ circle }: { circle: { radius: number } }) => circle.radius);

tapestry('branches', () => {
  const shape = draw({}, { id: 'shape' });
  const kind = branch({ input: shape, on: 'type' }, { id: 'kind' });
  expectType<Same<ValueOf<typeof kind>, 'circle' | 'square'>>(true);
  const circle = kind.path('circle');
  expectType<Same<typeof circle, OptionalKnot<{ type: 'circle'; radius: number }, 'kind:circle', 'path'>>>(
    true,
  );
  const radius = round({ circle }, { id: 'radius' });
  // @ts-expect-error the other member of the union
  round({ circle: kind.path('square') }, { id: 'bad' });
  // @ts-expect-error no such member
  kind.path('triangle');
  // @ts-expect-error no such field
  branch({ input: shape, on: 'colour' }, { id: 'bad' });

  const size = branch(
    { input: radius, branches: ['small', 'large'], selector: (radius) => (radius > 1 ? 'large' : 'small') },
    { id: 'size' },
  );
  const large = size.path('large');
  expectType<Same<typeof large, OptionalKnot<number, 'size:large', 'path'>>>(true);
  // @ts-expect-error no such path
  size.path('huge');
  // @ts-expect-error a tag that is none
  branch({ input: radius, branches: ['small'], selector: () => 'large' }, { id: 'bad' });

  const open = gate({ input: radius, predicate: async (radius) => radius > 0 }, { id: 'open' });
  expectType<Same<typeof open, OptionalKnot<number, 'open', 'path' | 'gate'>>>(true);
  const several = gate(
    {
      inputs: { radius, name: shape, limit: 5 },
      predicate: ({ radius, limit }, { knotId }) => radius > limit && knotId !== '',
    },
    { id: 'several' },
  );
  type Several = { readonly radius: number; readonly name: Shape; readonly limit: 5 };
  expectType<Same<ValueOf<typeof several>, Several>>(true);
  expectType<Same<typeof several, OptionalKnot<ValueOf<typeof several>, 'several', 'path' | 'gate'>>>(true);
  const way = branch(
    {
      inputs: { radius, name: shape },
      branches: ['a', 'b'],
      selector: ({ radius }) => (radius > 1 ? 'a' : 'b'),
    },
    { id: 'way' },
  );
  const pathOfWay = way.path('b');
  expectType<Same<ValueOf<typeof pathOfWay>, { readonly radius: number; readonly name: Shape }>>(true);
  // @ts-expect-error no such path
  way.path('c');
  // @ts-expect-error one input, or several
  gate({ input: radius, inputs: { radius }, predicate: () => true }, { id: 'bad' });
  // @ts-expect-error no such input
  gate({ inputs: { radius }, predicate: ({ other }) => other > 0 }, { id: 'bad' });
  // @ts-expect-error no knot
  gate({ input: 5, predicate: (five) => five > 0 }, { id: 'bad' });
  // @ts-expect-error no knot
  branch({ input: { type: 'circle' }, on: 'type' }, { id: 'bad' });
  // @ts-expect-error no schemas of a definition
  gate({ input: radius, predicate: () => true }, { id: 'bad', validate: false });
  // @ts-expect-error no boolean
  gate({ input: radius, predicate: (radius) => radius }, { id: 'bad' });

  const either = firstOk({ of: [large, shape] }, { id: 'either' });
  expectType<Same<typeof either, Knot<number | Shape, 'either'>>>(true);
  // @ts-expect-error no knot
  firstOk({ of: [3] }, { id: 'bad' });
  // @ts-expect-error no function to be called
  firstOk({ of: [large] }, { id: 'bad', timeout: 5 });
  // @ts-expect-error no value of its own
  gate({ input: radius, predicate: () => true }, { id: 'bad', cache: true });
  // @ts-expect-error no value of its own
  branch({ input: radius, branches: ['a'], selector: () => 'a' }, { id: 'bad', cache: true });
});

tapestry('waits', (t) => {
  const number = t.parameter('number', z.number());
  const text = t.parameter('text', z.string());
  const date = t.parameter('date', z.date());
  const answer = waitForSignal('answer', z.object({ n: z.coerce.number() }), {
    id: 'answer',
    after: [text],
    timeout: 5,
  });
  expectType<Same<typeof answer, Knot<{ n: number }, 'answer'>>>(true);
  const named = waitForSignal({ name: 'answer', schema: z.string().transform(Number) }, { id: 'named' });
  expectType<Same<typeof named, Knot<number, 'named'>>>(true);
  const passed = sleep({ ms: number, input: text }, { id: 'passed' });
  expectType<Same<typeof passed, Knot<string, 'passed'>>>(true);
  const nothing = sleep({ ms: 5 }, { id: 'nothing' });
  expectType<Same<typeof nothing, Knot<undefined, 'nothing'>>>(true);
  const due = waitUntil({ time: date, input: number }, { id: 'due' });
  expectType<Same<typeof due, Knot<number, 'due'>>>(true);
  waitUntil({ time: Date.now(), after: [due] }, { id: 'also' });
  // @ts-expect-error no duration
  sleep({ ms: text }, { id: 'bad' });
  // @ts-expect-error no time
  waitUntil({ time: text }, { id: 'bad' });
  // @ts-expect-error no body that could be tried again
  sleep({ ms: 5 }, { id: 'bad', retry: { maximumAttempts: 2 } });
  // @ts-expect-error no body that would have to wait for its turn
  sleep({ ms: 5 }, { id: 'bad', maxConcurrent: 2 });
  // @ts-expect-error part of no segment
  waitUntil({ time: date }, { id: 'bad', dispatcher: local() });
  // @ts-expect-error no schema
  waitForSignal('answer', { id: 'bad' });
});

const plus = knot('plus', ({ a, b = 0 }: { a: number; b?: number }) => a + b);
class Plus extends Knot<{ a: number }, number> {
  static readonly knotName = 'Plus';
  process({ a }: { a: number }): number {
    return a;
  }
}
const told = knot('told', { receives: 'outcomes' }, ({ of }: { of: Outcome<number> }) => of.kind);
const inner = tapestry('inner', { parameters: { a: z.number() } }, (_t, { a }) => ({
  a: plus({ a }, { id: 'same' }),
}));

const absent = tapestry('absent', (t) => {
  const a = t.parameter('a', z.number());
  const open = gate({ input: a, predicate: (x) => x > 0 }, { id: 'open' });
  const big = branch({ input: a, branches: ['yes', 'no'], selector: () => 'yes' }, { id: 'big' });
  const [yes, no] = [big.path('yes'), plus({ a: big.path('no') }, { id: 'no' })];
  const maybe = optional(plus)({ a }, { id: 'maybe' });

  // What is below a knot that may have no value may have none.
  const below = plus({ a: open }, { id: 'below' });
  expectType<Same<typeof below, OptionalKnot<number, 'below', 'gate'>>>(true);
  const both = plus({ a: yes, b: below }, { id: 'both' });
  expectType<Same<typeof both, OptionalKnot<number, 'both', 'path' | 'gate'>>>(true);
  const belowMaybe = Plus.place({ a: maybe }, { id: 'belowMaybe' });
  expectType<Same<typeof belowMaybe, OptionalKnot<number, 'belowMaybe', 'optional'>>>(true);
  const sum = aggregate({ inputs: { open, a, c: 1 }, combine: ({ open, a }) => open + a }, { id: 'sum' });
  expectType<Same<typeof sum, OptionalKnot<number, 'sum', 'gate'>>>(true);
  const listed = aggregate({ inputs: { open }, combine: ({ open }) => [open] }, { id: 'listed' });
  const mapped = map({ over: listed, each: plus, bind: 'a' }, { id: 'mapped' });
  expectType<Same<typeof mapped, OptionalKnot<number[], 'mapped', 'gate'>>>(true);
  const reduced = reduce({ of: mapped, fold: (x, y) => x + y, initial: 0 }, { id: 'reduced' });
  expectType<Same<typeof reduced, OptionalKnot<number, 'reduced', 'gate'>>>(true);
  const later = waitForSignal('go', z.string(), { id: 'later', after: [open] });
  expectType<Same<typeof later, OptionalKnot<string, 'later', 'gate'>>>(true);
  const slept = sleep({ ms: 1, input: open }, { id: 'slept' });
  expectType<Same<typeof slept, OptionalKnot<number, 'slept', 'gate'>>>(true);
  const nested = subTapestry({ tapestry: inner, inputs: { a: open } }, { id: 'nested' });
  expectType<Same<typeof nested, OptionalKnot<{ a: number }, 'nested', 'gate'>>>(true);
  const nestedBranch = branch({ input: open, branches: ['x'], selector: () => 'x' }, { id: 'nestedBranch' });
  expectType<Same<ValueOf<typeof nestedBranch>, 'x'>>(true);

  // What is told of it has a value, and so has what rejoins the paths of a branch or has something to fall back on.
  const heard = told({ of: open }, { id: 'heard' });
  expectType<Same<typeof heard, Knot<'ok' | 'err' | 'skipped', 'heard'>>>(true);
  const rejoined = firstOk({ of: [yes, no] }, { id: 'rejoined' });
  expectType<Same<typeof rejoined, Knot<number, 'rejoined'>>>(true);
  const fallback = firstOk({ of: [open, a] }, { id: 'fallback' });
  expectType<Same<typeof fallback, Knot<number, 'fallback'>>>(true);
  const either = firstOk({ of: [open, yes] }, { id: 'either' });
  expectType<Same<typeof either, OptionalKnot<number, 'either', 'gate'>>>(true);
  const certain = plus({ a: rejoined, b: 1 }, { id: 'certain' });
  expectType<Same<typeof certain, Knot<number, 'certain'>>>(true);
  // Wired in place, too.
  const inPlace = plus(
    { a: plus({ a: gate({ input: a, predicate: () => true }, { id: 'g' }) }, { id: 'p' }) },
    { id: 'in' },
  );
  expectType<Same<typeof inPlace, OptionalKnot<number, 'in', 'gate'>>>(true);
  const onlyCertain = plus({ a: plus({ a }, { id: 'q' }) }, { id: 'onlyCertain' });
  expectType<Same<typeof onlyCertain, Knot<number, 'onlyCertain'>>>(true);

  return { open, yes, below, rejoined, certain, nestedBranch };
});

type AbsentValues = typeof absent extends Tapestry<any, infer Values> ? Values : never;
expectType<
  Same<
    AbsentValues,
    {
      open: number | undefined;
      yes: number | undefined;
      below: number | undefined;
      rejoined: number;
      certain: number;
      nestedBranch: 'x' | undefined;
    }
  >
>(true);
