import { z } from 'zod';
import { knot, tapestry, type Knot } from '../../src';
import { expectType, type Same } from './expect-type';

const double = knot('double', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => x * 2);
const add = knot('add', async ({ a, b }: { a: number; b: number }) => a + b);
const parse = knot('parse', { input: z.object({ text: z.string() }) }, async ({ text }) => text.split(','));
const greet = knot('greet', ({ name, title }: { name: string; title?: string }) => `${title ?? ''}${name}`);
const now = knot('now', () => 5);
const describeUser = knot('describe-user', ({ user }: { user: { id: string } }) => user.id);

tapestry('wiring', (t) => {
  const x = t.parameter('x', z.number());
  expectType<Same<typeof x, Knot<number, 'param:x'>>>(true);

  const d = double({ x }, { id: 'd' });
  expectType<Same<typeof d, Knot<number, 'd'>>>(true);
  const p = parse({ text: 'a,b' }, { id: 'p' });
  expectType<Same<typeof p, Knot<string[], 'p'>>>(true);

  add({ a: x, b: d }, { id: 'both-knots' });
  add({ a: 1, b: d }, { id: 'one-constant' });
  add({ a: 1, b: 2 }, { id: 'constants', retry: { maximumAttempts: 3 }, timeout: 1_000, summary: 'adds' });
  greet({ name: 'Ada' }, { id: 'left-out' });
  greet({ name: 'Ada', title: undefined }, { id: 'left-out-too' });
  now({}, { id: 'source' });
  describeUser({ user: { id: 'u1' } }, { id: 'constant-with-id' });

  double({ x: 1.5 }, { id: 'not-validated', validate: false });

  // @ts-expect-error a list of strings where a number is expected
  add({ a: p, b: d }, { id: 'bad' });
  // @ts-expect-error a constant of the wrong type
  add({ a: 'one', b: d }, { id: 'bad' });
  // @ts-expect-error a missing input
  add({ a: x }, { id: 'bad' });
  // @ts-expect-error an unknown input
  add({ a: x, b: d, c: 1 }, { id: 'bad' });
  // @ts-expect-error an unknown input of a definition with a schema
  double({ x, y: 1 }, { id: 'bad' });
  // @ts-expect-error an input of a definition that has none
  now({ x }, { id: 'bad' });
  // @ts-expect-error no id
  add({ a: x, b: d }, {});
  // @ts-expect-error no second argument
  add({ a: x, b: d });
  // @ts-expect-error an unknown option
  add({ a: x, b: d }, { id: 'bad', retries: 3 });
  // @ts-expect-error a knot of strings has an id, but is no constant { id: string }
  describeUser({ user: p }, { id: 'bad' });
  // @ts-expect-error a knot has no value while wiring
  p.length;
});
