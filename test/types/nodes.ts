import { z } from 'zod';
import {
  aggregate,
  branch,
  firstOk,
  gate,
  local,
  knot,
  reduce,
  sink,
  sleep,
  source,
  tapestry,
  waitForSignal,
  waitUntil,
  type Knot,
  type Outcome,
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
  expectType<Same<typeof circle, Knot<{ type: 'circle'; radius: number }, 'kind:circle'>>>(true);
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
  expectType<Same<typeof large, Knot<number, 'size:large'>>>(true);
  // @ts-expect-error no such path
  size.path('huge');
  // @ts-expect-error a tag that is none
  branch({ input: radius, branches: ['small'], selector: () => 'large' }, { id: 'bad' });

  const open = gate({ input: radius, predicate: async (radius) => radius > 0 }, { id: 'open' });
  expectType<Same<typeof open, Knot<number, 'open'>>>(true);
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
