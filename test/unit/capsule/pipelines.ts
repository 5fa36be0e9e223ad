import { z } from 'zod';
import { gate, knot, map, subTapestry, tapestry, waitForSignal } from '../../../src';

export interface Person {
  readonly name: string;
  readonly email: string;
}

const people = knot('people', ({ count }: { count: number }): Person[] =>
  Array.from({ length: count }, (_, at) => ({ name: `person ${at}`, email: `person-${at}@example.org` })),
);
const greet = knot('greet', ({ person }: { person: Person }) => `Hello ${person.name}`);
const total = knot('total', ({ greetings }: { greetings: string[] }) => ({
  count: greetings.length,
  letters: greetings.join('').length,
}));
const isMany = (n: { count: number }): boolean => n.count > 100;
const broken = knot('broken', ({ of }: { of: { count: number } }): number => {
  throw new RangeError(`there are ${of.count}`);
});
const double = knot('double', ({ x }: { x: number }) => ({ doubled: x * 2 }));

export const inner = tapestry('inner', { parameters: { x: z.number() } }, (_t, { x }) => ({
  doubled: double({ x }, { id: 'double' }),
}));

/** Knots of every kind that a capsule has to know, one of which fails. */
export const greetings = tapestry('greetings', { parameters: { count: z.number() } }, (_t, { count }) => {
  const list = people({ count }, { id: 'people' });
  const greeted = map({ over: list, each: greet, bind: 'person' }, { id: 'greeted' });
  const all = total({ greetings: greeted }, { id: 'total' });
  const passed = gate({ input: all, predicate: isMany }, { id: 'many' });
  const nested = subTapestry({ tapestry: inner, inputs: { x: 21 } }, { id: 'nested' });
  const answer = waitForSignal('approval', z.object({ by: z.string() }), { id: 'approved' });
  return { all, passed, nested, answer, failed: broken({ of: all }, { id: 'broken' }) };
});
