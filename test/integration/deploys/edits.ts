import { z } from 'zod';

import { aggregate, knot, queue, tapestry, type Knot, type Tapestry } from '../../../src';
import { aborted, type Latch } from '../../support/latch';

/** By run: the place where it is while the code under it changes. */
export const reached = new Map<string, Latch>();

/** Holds its run in a worker that is to leave, and lets it pass in all others. */
const hold = knot('hold', async ({ x }: { x: number }, { runId, resources, signal }) => {
  if (!(resources as { leaves?: boolean }).leaves) return x;
  reached.get(runId)!.open();
  return await aborted(signal);
});

const double = knot('double', ({ x }: { x: number }) => x * 2);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const price1 = knot('price', { version: '1' }, ({ x }: { x: number }) => x * 3);
const price2 = knot('price', { version: '2' }, ({ x }: { x: number }) => x * 4);

type Options = Extract<ConstructorParameters<typeof Tapestry>[1], object>;
/** What lies behind the knot in which every run is held. */
type Rest = (held: Knot<number>, t: Tapestry) => Record<string, Knot<number>>;

/** A tapestry before and after somebody's edit. */
export interface Edit {
  readonly what: string;
  readonly before: (options: Options) => Tapestry;
  readonly after: (options: Options) => Tapestry;
  /** What a run of the plan of before comes to with 5. */
  readonly values: Record<string, number>;
}

function edit(
  what: string,
  before: Rest,
  after: Rest,
  values: Record<string, number>,
  schema?: z.ZodType,
): Edit {
  const name = what.replaceAll(/[^a-z]+/gi, '-');
  const made =
    (rest: Rest, x: z.ZodType): Edit['before'] =>
    (options) =>
      tapestry(name, options, (t) => {
        const start = t.parameter('x', x) as Knot<number>;
        return rest(hold({ x: start }, { id: 'held', dispatcher: queue() }), t);
      });
  return { what, before: made(before, z.number()), after: made(after, schema ?? z.number()), values };
}

const sumOfDouble: Rest = (held) => ({
  sum: add({ a: double({ x: held }, { id: 'doubled' }), b: 10 }, { id: 'sum' }),
});

/** Edits after which a worker still has the bodies of the plan of before: it finishes a run of it. */
export const FINISHED_EDITS: readonly Edit[] = [
  edit(
    'a knot is renamed',
    sumOfDouble,
    (held) => ({ sum: add({ a: double({ x: held }, { id: 'twice' }), b: 10 }, { id: 'sum' }) }),
    { sum: 20 },
  ),
  edit(
    'a knot is removed whose definition another tapestry has',
    sumOfDouble,
    (held) => ({ sum: add({ a: held, b: 10 }, { id: 'sum' }) }),
    { sum: 20 },
  ),
  edit(
    'knots change places',
    sumOfDouble,
    (held) => ({ doubled: double({ x: add({ a: held, b: 10 }, { id: 'sum' }) }, { id: 'doubled' }) }),
    { sum: 20 },
  ),
  edit(
    'knots are added before and behind',
    sumOfDouble,
    (held) => {
      const between = double({ x: held }, { id: 'between' });
      const sum = add({ a: double({ x: between }, { id: 'doubled' }), b: 10 }, { id: 'sum' });
      return { end: double({ x: sum }, { id: 'end' }) };
    },
    { sum: 20 },
  ),
  edit(
    'a knot becomes another definition',
    sumOfDouble,
    (held) => ({ sum: add({ a: price2({ x: held }, { id: 'doubled' }), b: 10 }, { id: 'sum' }) }),
    { sum: 20 },
  ),
  edit(
    'a constant is changed',
    sumOfDouble,
    (held) => ({ sum: add({ a: double({ x: held }, { id: 'doubled' }), b: 1_000 }, { id: 'sum' }) }),
    { sum: 20 },
  ),
  edit(
    'a definition gets another version while another tapestry still has the old one',
    (held) => ({ price: price1({ x: held }, { id: 'price' }) }),
    (held) => ({ price: price2({ x: held }, { id: 'price' }) }),
    { price: 15 },
  ),
  edit(
    'a parameter gets another schema and another one is added',
    sumOfDouble,
    (held, t) => ({ ...sumOfDouble(held, t), label: t.parameter('label', z.any()) as Knot<number> }),
    { sum: 20 },
    z.string(),
  ),
  edit(
    'the function of a node is edited',
    (held) => ({
      sum: aggregate({ inputs: { held }, combine: (given) => given.held + 1 }, { id: 'sum' }),
    }),
    (held) => ({
      sum: aggregate({ inputs: { held, more: 2 }, combine: (given) => given.held + 100 }, { id: 'sum' }),
    }),
    { sum: 105 },
  ),
];

/** Has the definitions that edited tapestries have no more. */
export const elsewhere = tapestry('elsewhere', (t) => {
  const x = t.parameter('x', z.number());
  return { double: double({ x }, { id: 'double' }), price: price1({ x }, { id: 'price' }) };
});

/** Edits after which the bodies of the plan of before are gone: a run of it waits in `waiting` for `because`. */
export const WAITING_EDITS: readonly (Edit & { readonly waiting: string; readonly because: RegExp })[] = [
  {
    ...edit(
      'a definition is gone',
      sumOfDouble,
      (held) => ({ sum: add({ a: held, b: 10 }, { id: 'sum' }) }),
      { sum: 20 },
    ),
    waiting: 'doubled',
    because: /no definition "double" for knot "doubled"/,
  },
  {
    ...edit(
      'a node is gone, and there is another one of its kind',
      (held) => ({ sum: aggregate({ inputs: { held }, combine: (given) => given.held + 1 }, { id: 'sum' }) }),
      (held) => ({
        other: aggregate({ inputs: { held }, combine: (given) => given.held + 1 }, { id: 'other' }),
      }),
      { sum: 6 },
    ),
    waiting: 'sum',
    because: /no definition "selvage.aggregate" for knot "sum"/,
  },
  {
    ...edit(
      'a version is gone',
      (held) => ({ price: price1({ x: held }, { id: 'price' }) }),
      (held) => ({ price: price2({ x: held }, { id: 'price' }) }),
      { price: 15 },
    ),
    waiting: 'price',
    because: /no definition "price" version "1" for knot "price"/,
  },
  {
    ...edit(
      'a body is changed under a knot that is to wait',
      (held) => ({
        kept: knot('kept', ({ x }: { x: number }) => x + 1)(
          { x: held },
          { id: 'kept', onCodeChange: 'wait' },
        ),
      }),
      (held) => ({ kept: knot('kept', ({ x }: { x: number }) => x + 100)({ x: held }, { id: 'kept' }) }),
      { kept: 6 },
    ),
    waiting: 'kept',
    because: /code of definition "kept" has changed .* knot "kept" .*sha256:\w{64}.*sha256:\w{64}.*"test-/,
  },
];

/** The body of the knot `inline`, which is made inside of `build`, is changed. */
export const CHANGED_BODY: Edit = edit(
  'the body of a definition in build is changed',
  (held) => ({ inline: knot('inline', ({ x }: { x: number }) => x + 1)({ x: held }, { id: 'inline' }) }),
  (held) => ({ inline: knot('inline', ({ x }: { x: number }) => x + 100)({ x: held }, { id: 'inline' }) }),
  { inline: 105 },
);

/** One tapestry by the code of two deploys, which differ in version and so may be side by side. */
export const sideBySide = (version: '1' | '2'): Tapestry =>
  tapestry('sideBySide', (t) => {
    const x = t.parameter('x', z.number()) as Knot<number>;
    return { price: version === '1' ? price1({ x }, { id: 'price' }) : price2({ x }, { id: 'price' }) };
  });
