import { z } from 'zod';
import { Knot, knot, map, reduce, tapestry, type Outcome } from '../../src';
import { expectType, type Same } from './expect-type';

interface User {
  name: string;
}
const users = knot('users', (): User[] => [{ name: 'anna' }]);
const byName = knot('by-name', (): { anna: User; ben: User } => ({
  anna: { name: 'a' },
  ben: { name: 'b' },
}));
const numbers = knot('numbers', () => [1, 2, 3]);
const greeting = knot('greeting', () => 'hello');
const greet = knot(
  'greet',
  ({ user, word }: { user: User; word?: string }) => `${word ?? 'hi'} ${user.name}`,
);
const give = knot('give', ({ user, gift }: { user: User; gift: number }) => user.name.length + gift);
const double = knot('double', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => x * 2);
class Shout extends Knot<{ user: User }, string> {
  static knotName = 'shout';
  process({ user }: { user: User }): string {
    return user.name.toUpperCase();
  }
}

tapestry('maps', () => {
  const all = users({}, { id: 'all' });
  const named = byName({}, { id: 'named' });
  const gifts = numbers({}, { id: 'gifts' });
  const word = greeting({}, { id: 'word' });

  const lines = map({ over: all, each: greet, bind: 'user' }, { id: 'lines' });
  expectType<Same<typeof lines, Knot<string[], 'lines'>>>(true);
  const shared = map({ over: all, each: greet, bind: 'user', shared: { word } }, { id: 'shared' });
  expectType<Same<typeof shared, Knot<string[], 'shared'>>>(true);
  map({ over: all, each: give, bind: 'user', shared: { gift: 3 } }, { id: 'constant' });
  const kept = map({ over: named, each: greet, bind: 'user' }, { id: 'kept' });
  expectType<Same<typeof kept, Knot<{ anna: string; ben: string }, 'kept'>>>(true);
  const several = map({ over: { user: all, gift: gifts }, each: give }, { id: 'several' });
  expectType<Same<typeof several, Knot<number[], 'several'>>>(true);
  const shouted = map({ over: all, each: Shout, bind: 'user' }, { id: 'shouted' });
  expectType<Same<typeof shouted, Knot<string[], 'shouted'>>>(true);
  const doubled = map({ over: gifts, each: double, bind: 'x', concurrency: 5, batch: 2 }, { id: 'doubled' });
  expectType<Same<typeof doubled, Knot<number[], 'doubled'>>>(true);

  const skipped = map({ over: named, each: greet, bind: 'user', onError: 'skip' }, { id: 'skipped' });
  expectType<Same<typeof skipped, Knot<{ anna?: string; ben?: string }, 'skipped'>>>(true);
  const collected = map({ over: gifts, each: double, bind: 'x', onError: 'collect' }, { id: 'collected' });
  expectType<Same<typeof collected, Knot<Outcome<number>[], 'collected'>>>(true);

  const inPlace = map({ over: gifts, each: async ({ element }) => element.toFixed() }, { id: 'in-place' });
  expectType<Same<typeof inPlace, Knot<string[], 'in-place'>>>(true);
  const bound = map(
    {
      over: all,
      bind: 'user',
      shared: { word, times: 2 },
      each: ({ user, word: said, times }, { knotId }) => `${knotId} ${said.repeat(times)} ${user.name}`,
    },
    { id: 'bound' },
  );
  expectType<Same<typeof bound, Knot<string[], 'bound'>>>(true);
  const pairs = map(
    { over: { user: all, gift: gifts }, each: ({ user, gift }) => user.name.length + gift },
    { id: 'pairs' },
  );
  expectType<Same<typeof pairs, Knot<number[], 'pairs'>>>(true);
  reduce({ of: lines, combine: (list) => list.join() }, { id: 'joined' });

  // @ts-expect-error no list
  map({ over: word, each: greet, bind: 'user' }, { id: 'bad' });
  // @ts-expect-error elements of another type
  map({ over: gifts, each: greet, bind: 'user' }, { id: 'bad' });
  // @ts-expect-error no such input
  map({ over: all, each: greet, bind: 'person' }, { id: 'bad' });
  // @ts-expect-error an input that nobody gives
  map({ over: all, each: give, bind: 'user' }, { id: 'bad' });
  // @ts-expect-error a shared input of another type
  map({ over: all, each: give, bind: 'user', shared: { gift: word } }, { id: 'bad' });
  // @ts-expect-error an unknown way to treat failures
  map({ over: all, each: greet, bind: 'user', onError: 'ignore' }, { id: 'bad' });
  // @ts-expect-error a list of another type
  map({ over: { user: all, gift: all }, each: give }, { id: 'bad' });
  // @ts-expect-error no id
  map({ over: all, each: greet, bind: 'user' }, {});
});
