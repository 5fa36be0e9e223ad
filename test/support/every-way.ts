import { z } from 'zod';
import {
  branch,
  firstOk,
  gate,
  knot,
  local,
  loop,
  map,
  optional,
  queue,
  reduce,
  subTapestry,
  tapestry,
  waitForSignal,
  type Dispatcher,
} from '../../src';

export const part = knot('part', ({ name }: { name: string }) => `${name}!`);
const list = knot('list', ({ name }: { name: string }) => ['a', 'b', 'c'].map((end) => `${name}-${end}`));
const each = knot('each', ({ item }: { item: string }) => `<${item}>`);
const long = knot('long', ({ name }: { name: string }) => name.repeat(1_000));
const counted = knot('counted', ({ n }: { n: number }) => n + 1);
const raw = knot('raw', ({ name }: { name: string }) => new TextEncoder().encode(`raw ${name}`));
/** More bytes than a data store keeps in one piece. */
const chunks = knot('chunks', ({ name }: { name: string }, ctx) =>
  ctx.store(
    (async function* () {
      yield Buffer.from(`${name}, in bytes`);
      yield Buffer.alloc(6 * 1024 * 1024, name);
    })(),
  ),
);
const people = knot('people', ({ name, count }: { name: string; count: number }) =>
  Array.from({ length: count }, (_, index) => ({ name: `${name} ${index}` })),
);
const greet = knot(
  'greet',
  ({ person, from }: { person: { name: string }; from: string }) => `${person.name} ${from}`,
);
const table = knot('table', ({ name }: { name: string }) => ({ one: `${name} 1`, two: `${name} 2` }));
const deep = optional(
  knot('deep', ({ name }: { name: string }, ctx): string => {
    ctx.logger.info('begun');
    const error = new Error('a long stack');
    // The record of the failure has its beginning; a value has the whole.
    error.stack = `${'at nowhere\n'.repeat(1_000)} ${name}`;
    throw error;
  }),
);
const joined = knot('joined', ({ a, b }: { a: string; b: string }) => `${a} ${b}`);
export const inner = tapestry('every-inner', (t) => ({
  part: part({ name: t.parameter('name', z.string()) }, { id: 'part' }),
}));
export const step = tapestry('every-step', (t) => ({
  n: counted({ n: t.parameter('n', z.number()) }, { id: 'n' }),
}));
const trimmed = z.string().transform((given) => given.trim());

/** A tapestry with every path of a value. It waits for the signal `said`. */
export function everyWayOn(name: string, dispatcher: Dispatcher) {
  return tapestry(name, { knots: { dispatcher } }, (t) => {
    const name = t.parameter('name', trimmed);
    const count = t.parameter('count', z.number());
    const much = long({ name }, { id: 'much' });
    const names = list({ name }, { id: 'names' });
    map({ over: names, each, bind: 'item' }, { id: 'queued' });
    map({ over: names, each, bind: 'item' }, { id: 'gathered', dispatcher: local() });
    map({ over: table({ name }, { id: 'table' }), each, bind: 'item' }, { id: 'rows' });
    const crowd = people({ name, count }, { id: 'people' });
    const greeted = map(
      { over: crowd, each: greet, bind: 'person', shared: { from: name }, batch: 100 },
      { id: 'greeted' },
    );
    reduce(
      { of: greeted, fold: (one: string, next: string) => `${one.slice(-40)}${next}`, initial: '' },
      { id: 'all' },
    );
    subTapestry({ tapestry: inner, inputs: { name: much } }, { id: 'nested' });
    loop(
      { step, initial: { n: t.parameter('n', z.number()) }, until: ({ n }) => n > 41, max: 3 },
      { id: 'loop' },
    );
    const way = branch(
      { input: name, branches: ['left', 'right'], selector: () => 'left' as const },
      { id: 'way' },
    );
    const either = firstOk({ of: [way.path('left'), way.path('right')] }, { id: 'either' });
    const open = gate({ input: either, predicate: () => true }, { id: 'open' });
    const said = waitForSignal('said', trimmed, { id: 'said' });
    chunks({ name }, { id: 'bytes' });
    raw({ name }, { id: 'raw' });
    part({ name }, { id: 'quick', dispatcher: local() });
    part({ name: much }, { id: 'cached', cache: { codeHash: 'source' } });
    deep({ name }, { id: 'deep' });
    return { end: joined({ a: open, b: said }, { id: 'end' }) };
  });
}
export const everyWay = everyWayOn('every-way', queue());
