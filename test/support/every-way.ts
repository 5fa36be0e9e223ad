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
  subTapestry,
  tapestry,
  waitForSignal,
} from '../../src';

export const part = knot('part', ({ name }: { name: string }) => `${name}!`);
const list = knot('list', ({ name }: { name: string }) => ['a', 'b', 'c'].map((end) => `${name}-${end}`));
const each = knot('each', ({ item }: { item: string }) => `<${item}>`);
const long = knot('long', ({ name }: { name: string }) => name.repeat(1_000));
const counted = knot('counted', ({ n }: { n: number }) => n + 1);
const chunks = knot('chunks', ({ name }: { name: string }, ctx) =>
  ctx.store(Buffer.from(`${name}, in bytes`)),
);
const deep = optional(
  knot('deep', ({ name }: { name: string }): string => {
    const error = new Error('a long stack');
    // What it begins with is in the record of the failure, the rest is a value.
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
/** Every way that a value goes. It waits for the signal `said`. */
export const everyWay = tapestry('every-way', (t) => {
  const name = t.parameter('name', z.string());
  const much = long({ name }, { id: 'much' });
  const names = list({ name }, { id: 'names' });
  map({ over: names, each, bind: 'item' }, { id: 'queued' });
  map({ over: names, each, bind: 'item' }, { id: 'gathered', dispatcher: local() });
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
  const said = waitForSignal('said', z.string(), { id: 'said' });
  joined({ a: open, b: said }, { id: 'end' });
  chunks({ name }, { id: 'bytes' });
  part({ name }, { id: 'quick', dispatcher: local() });
  part({ name: much }, { id: 'cached', cache: { codeHash: 'source' } });
  deep({ name }, { id: 'deep' });
});
