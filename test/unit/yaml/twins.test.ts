import { z } from 'zod';
import { nodeSha256 } from '../../../src/node/node-sha256';
import {
  aggregate,
  branch,
  daily,
  dataset,
  emitter,
  firstOk,
  gate,
  Knot,
  knot,
  list,
  loadPipeline,
  local,
  loop,
  map,
  optional,
  pick,
  product,
  queue,
  reduce,
  schedule,
  sink,
  sleep,
  source,
  sql,
  subTapestry,
  table,
  tapestry,
  waitForSignal,
  waitUntil,
  type Table,
  type Tapestry,
} from '../../../src';
import { planOf } from '../../../src/runtime';
import { recordOf } from '../../../src/authoring';
import { yamlForTapestry } from '../../../src/yaml';
import { thrownBy } from '../../support/thrown-by';

const double = knot('double', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => x * 2);
const add = ({ a, b }: { a: number; b: number }): number => a + b;
const addKnot = knot('add', add);
const user = knot('user', { output: z.object({ address: z.object({ city: z.string() }) }) }, () => ({
  address: { city: 'Rome' },
}));
const greet = knot('greet', { input: z.object({ city: z.string() }) }, ({ city }) => `Ciao ${city}`);
const fragile = optional(knot('fragile', ({ x }: { x: number }) => x));
const recover = knot('recover', { receives: 'outcomes' }, (_inputs: { x: never }) => 1);
class Negate extends Knot<{ x: number }, number> {
  static knotName = 'negate';
  process({ x }: { x: number }): number {
    return -x;
  }
}
const isEven = (x: number): boolean => x % 2 === 0;
const kindOf = (x: number): string => (x > 0 ? 'plus' : 'minus');
const total = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const plus = (sum: number, x: number): number => sum + x;
const read = (): number => 3;
const write = ({ value }: { value: number }): string => String(value);
const step = ({ x }: { x: number }): number => x + 1;
const isDone = ({ x }: { x: number }): boolean => x > 9;
const callables = {
  double,
  add,
  user,
  greet,
  fragile,
  recover,
  Negate,
  isEven,
  kindOf,
  total,
  plus,
  read,
  write,
  step,
  isDone,
};

const number = z.number();

interface Twin {
  /** The nodes of the document; `x` is a number, `xs` a list of them, `order` has a kind. */
  readonly yaml: string;
  readonly build: (given: {
    readonly x: Knot<number>;
    readonly xs: Knot<number[]>;
    readonly order: Knot<{ kind: 'a' } | { kind: 'b' }>;
    readonly t: Tapestry;
  }) => unknown;
}

const TWINS: Readonly<Record<string, Twin>> = {
  'a knot of a definition': {
    yaml: '- { id: k, type: knot, callable: double, parents: { x: x } }',
    build: ({ x }) => double({ x }, { id: 'k' }),
  },
  'a knot of a function, with a constant': {
    yaml: '- { id: k, type: knot, callable: add, parents: { a: x }, config: { b: 2 } }',
    build: ({ x }) => addKnot({ a: x, b: 2 }, { id: 'k' }),
  },
  'a knot of a class': {
    yaml: '- { id: k, type: knot, callable: Negate, parents: { x: x } }',
    build: ({ x }) => Negate.place({ x }, { id: 'k' }),
  },
  'an optional knot, and one that receives outcomes': {
    yaml: `- { id: f, type: knot, callable: fragile, parents: { x: x } }
  - { id: k, type: knot, callable: recover, parents: { x: f } }`,
    build: ({ x }) => recover({ x: fragile({ x }, { id: 'f' }) }, { id: 'k' }),
  },
  'a source': {
    yaml: '- { id: k, type: source, callable: read }',
    build: () => source({ read }, { id: 'k' }),
  },
  'a source of a definition': {
    yaml: '- { id: k, type: source, callable: user }',
    build: () => user({}, { id: 'k' }),
  },
  'a sink': {
    yaml: '- { id: k, type: sink, callable: write, parents: { value: x } }',
    build: ({ x }) => sink({ inputs: { value: x }, write }, { id: 'k' }),
  },
  'an aggregate': {
    yaml: '- { id: k, type: aggregator, combine: add, parents: { a: x }, config: { b: 1 } }',
    build: ({ x }) => aggregate({ inputs: { a: x, b: 1 }, combine: add }, { id: 'k' }),
  },
  'an aggregate that receives outcomes': {
    yaml: '- { id: k, type: aggregate, combine: add, parents: { a: x }, error_policy: receive_errors }',
    build: ({ x }) =>
      aggregate(
        { inputs: { a: x }, combine: add as never, receives: 'outcomes' },
        { id: 'k', errorPolicy: 'receiveErrors' },
      ),
  },
  'a branch by a selector, with what is below a path': {
    yaml: `- { id: b, type: branch, input: x, selector: kindOf, branches: [plus, minus] }
  - { id: k, type: knot, callable: double, parents: { x: 'b:minus' } }`,
    build: ({ x }) => {
      const made = branch(
        { input: x, selector: kindOf as () => 'plus', branches: ['plus', 'minus'] },
        { id: 'b' },
      );
      made.path('plus');
      return double({ x: made.path('minus') }, { id: 'k' });
    },
  },
  'a branch on a field, rejoined': {
    yaml: `- { id: b, type: branch, input: order, on: kind }
  - { id: k, type: firstOk, of: ['b:a', 'b:b'] }`,
    build: ({ order }) => {
      const made = branch({ input: order, on: 'kind' }, { id: 'b' });
      return firstOk({ of: [made.path('a'), made.path('b')] }, { id: 'k' });
    },
  },
  'a gate': {
    yaml: '- { id: k, type: gate, input: x, predicate: isEven }',
    build: ({ x }) => gate({ input: x, predicate: isEven }, { id: 'k' }),
  },
  'a gate over several inputs': {
    yaml: '- { id: k, type: gate, parents: { a: x, b: x }, config: { c: 1 }, predicate: isEven }',
    build: ({ x }) => gate({ inputs: { a: x, b: x, c: 1 }, predicate: isEven as never }, { id: 'k' }),
  },
  'a branch over several inputs': {
    yaml: '- { id: b, type: branch, parents: { a: x, b: x }, selector: kindOf, branches: [plus] }',
    build: ({ x }) => {
      const inputs = { a: x, b: x };
      return branch({ inputs, selector: kindOf as never, branches: ['plus'] }, { id: 'b' }).path('plus');
    },
  },
  'a map of a definition': {
    yaml: '- { id: k, type: map, over: xs, each: double, bind: x, concurrency: 5, batch: 10, onError: skip }',
    build: ({ xs }) =>
      map({ over: xs, each: double, bind: 'x', concurrency: 5, batch: 10, onError: 'skip' }, { id: 'k' }),
  },
  'a map of a function, with what is shared': {
    yaml: '- { id: k, type: map, over: xs, each: add, bind: a, shared: { b: x, c: text } }',
    build: ({ xs, x }) =>
      map({ over: xs, each: add as never, bind: 'a', shared: { b: x, c: 'text' } }, { id: 'k' }),
  },
  'a map over several lists': {
    yaml: '- { id: k, type: map, over: { a: xs, b: xs }, each: add }',
    build: ({ xs }) => map({ over: { a: xs, b: xs }, each: add }, { id: 'k' }),
  },
  'a reduce of the whole list': {
    yaml: '- { id: k, type: reduce, of: xs, combine: total }',
    build: ({ xs }) => reduce({ of: xs, combine: total }, { id: 'k' }),
  },
  'a reduce in pairs, as pirn says it': {
    yaml: '- { id: k, type: reduce, of: xs, combine: plus, has_initial: true, initial: 0 }',
    build: ({ xs }) => reduce({ of: xs, fold: plus, initial: 0 }, { id: 'k' }),
  },
  'a reduce by fold': {
    yaml: '- { id: k, type: reduce, of: xs, fold: plus, initial: 0 }',
    build: ({ xs }) => reduce({ of: xs, fold: plus, initial: 0 }, { id: 'k' }),
  },
  'a part of a value, by a node': {
    yaml: `- { id: u, type: source, callable: user }
  - { id: k, type: pick, from: u, path: address.city }`,
    build: () => pick({ from: user({}, { id: 'u' }), path: 'address.city' }, { id: 'k' }),
  },
  'columns of a table': {
    yaml: `- { id: u, type: source, callable: user }
  - { id: k, type: select, from: u, columns: [address] }`,
    build: () => {
      const u = user({}, { id: 'u' }) as Knot<unknown> as Knot<Table<{ address: string }>>;
      return u.select(['address'], { id: 'k' });
    },
  },
  'a query': {
    yaml: `- { id: u, type: source, callable: user }
  - { id: k, type: sql, query: 'select id from u where id > $least', parents: { u: u }, config: { least: 1 }, output: { id: int64 }, key: [id], memory: 2GB, spill: 5GB, threads: 2 }`,
    build: () =>
      sql(
        {
          query: 'select id from u where id > $least',
          inputs: { u: user({}, { id: 'u' }), least: 1 },
          output: table({ id: 'int64' }, { key: ['id'] }),
          memory: '2GB',
          spill: '5GB',
          threads: 2,
        },
        { id: 'k' },
      ),
  },
  'a part of a value, where it is used': {
    yaml: `- { id: u, type: source, callable: user }
  - { id: k, type: knot, callable: greet, parents: { city: { from: u, path: address.city } } }`,
    build: () => {
      const city = pick({ from: user({}, { id: 'u' }), path: 'address.city' }, { id: 'u.address.city' });
      return greet({ city }, { id: 'k' });
    },
  },
  'a wait for a signal': {
    yaml: '- { id: k, type: waitForSignal, signal: approve, schema: { type: object }, timeout: 1h, after: [x] }',
    build: ({ x }) =>
      waitForSignal({ name: 'approve', schema: z.unknown(), timeout: 3_600_000, after: [x] }, { id: 'k' }),
  },
  sleeps: {
    yaml: `- { id: s, type: sleep, duration: 5s, input: x }
  - { id: k, type: sleep, duration: { from: x }, after: [s] }`,
    build: ({ x }) => {
      const s = sleep({ ms: 5_000, input: x }, { id: 's' });
      return sleep({ ms: x, after: [s] }, { id: 'k' });
    },
  },
  'waits until a time': {
    yaml: `- { id: s, type: waitUntil, time: 2026-01-31T08:00:00Z, input: x }
  - { id: k, type: waitUntil, time: { from: x } }`,
    build: ({ x }) => {
      waitUntil({ time: new Date('2026-01-31T08:00:00Z'), input: x }, { id: 's' });
      return waitUntil({ time: x }, { id: 'k' });
    },
  },
  'what is read and written': {
    yaml: `- { id: k, type: source, callable: read, reads: 'postgres://db/shop/orders' }
  - id: stored
    type: knot
    callable: double
    parents: { x: k }
    reads: { namespace: desk, name: list }
    writes: ['s3://reports/daily', 'kafka://broker:9092/reports']
    columns: { total: [x.amount, count] }`,
    build: () => {
      const k = source({ read }, { id: 'k', reads: dataset('postgres://db/shop/orders') });
      double(
        { x: k },
        {
          id: 'stored',
          reads: dataset({ namespace: 'desk', name: 'list' }),
          writes: [dataset('s3://reports/daily'), dataset('kafka://broker:9092/reports')],
          columns: { total: ['x.amount', 'count'] },
        },
      );
    },
  },
  'all options': {
    yaml: `- id: k
    type: knot
    callable: double
    parents: { x: x }
    description: Doubles it.
    tags: [math]
    retry: { maximumAttempts: 3, initialInterval: 2s, backoffCoefficient: 3, maximumInterval: 1m, nonRetryableErrors: [TypeError] }
    timeout: 30s
    cancelGrace: 1s
    dispatcher: { queue: heavy }
    onCodeChange: wait
    cache: { maxAge: 1d, codeHash: source }
    maxConcurrent: 4
    ratePerSecond: { key: api, limit: 2.5 }
    priority: 1
    errorPolicy: requireAllParents
    validate: false
    logs: false`,
    build: ({ x }) =>
      double(
        { x },
        {
          id: 'k',
          summary: 'Doubles it. #math',
          retry: {
            maximumAttempts: 3,
            initialInterval: 2_000,
            backoffCoefficient: 3,
            maximumInterval: 60_000,
            nonRetryableErrors: ['TypeError'],
          },
          timeout: 30_000,
          cancelGrace: 1_000,
          dispatcher: queue('heavy'),
          onCodeChange: 'wait',
          cache: { maxAge: 86_400_000, codeHash: 'source' },
          maxConcurrent: 4,
          ratePerSecond: { key: 'api', limit: 2.5 },
          priority: 1,
          errorPolicy: 'requireAllParents',
          validate: false,
          logs: false,
        },
      ),
  },
};

const HEAD = `name: twin
nodes:
  - { id: x, type: parameter, type_: float, default: 1 }
  - { id: xs, type: parameter, type_: 'list[float]' }
  - { id: order, type: parameter, type_: dict }
`;

/** Equal plans have equal wiring, and code, too. */
function planTextOf(made: Tapestry): string {
  return planOf(recordOf(made), nodeSha256).text;
}

test.each(Object.entries(TWINS))('%s is wired as in TypeScript', (_, { yaml, build }) => {
  const fromYaml = loadPipeline(`${HEAD}  ${yaml}\n`, { callables }).tapestry;
  const written = tapestry('twin', (t) => {
    const x = t.parameter('x', number, { default: 1 });
    const xs = t.parameter('xs', z.array(number));
    const order = t.parameter('order', z.any()) as Knot<{ kind: 'a' }>;
    build({ x, xs, order, t });
  });
  expect(planTextOf(fromYaml)).toBe(planTextOf(written));
  const exported = yamlForTapestry(written, { callables: { addKnot, ...callables } });
  const again = loadPipeline(exported, { callables: { addKnot, ...callables } }).tapestry;
  expect(planTextOf(again)).toBe(planTextOf(written));
});

const STEP = `---
name: step
terminals: { x: next }
nodes:
  - { id: x, type: parameter, type_: float }
  - { id: next, type: knot, callable: step, parents: { x: x } }
`;
const makeStep = (): Tapestry =>
  tapestry('step', (t) => ({ x: knot('step', step)({ x: t.parameter('x', number) }, { id: 'next' }) }));

test.each([
  [
    'a tapestry in another',
    '- { id: k, type: subTapestry, tapestry: step, parents: { x: x } }',
    (x: Knot<number>) => subTapestry({ tapestry: makeStep(), inputs: { x } }, { id: 'k' }),
  ],
  [
    'a loop',
    '- { id: k, type: loop, step: step, config: { x: 0 }, until: isDone, max: 20 }',
    (_x: Knot<number>) =>
      loop({ step: makeStep(), initial: { x: 0 }, until: isDone as never, max: 20 }, { id: 'k' }),
  ],
])('%s is wired as in TypeScript', (_, yaml, build) => {
  const { tapestry: fromYaml, tapestries } = loadPipeline(`${HEAD}  ${yaml}\n${STEP}`, { callables });
  const written = tapestry('twin', (t) => {
    const x = t.parameter('x', number, { default: 1 });
    t.parameter('xs', z.array(number));
    t.parameter('order', z.any());
    build(x);
  });
  expect(planTextOf(fromYaml)).toBe(planTextOf(written));
  expect(tapestries.map(({ name }) => name)).toEqual(['twin', 'step']);
});

test('emitters are named among the callables', () => {
  // As a list of endpoints of one webhook.
  const alerts = [emitter('alerts', async () => {}), emitter('alerts-too', async () => {})];
  const text = 'name: heard\nemitters: [alerts]\nnodes:\n  - { id: k, type: source, callable: read }\n';
  const { tapestry: heard } = loadPipeline(text, { callables: { read, alerts } });
  expect(recordOf(heard).options.emitters!.flat()).toEqual(alerts);
  expect(yamlForTapestry(heard, { callables: { read, alerts } })).toContain('emitters:\n  - alerts\n');
  expect(() => yamlForTapestry(heard, { callables: { read } })).toThrow(
    'The emitter "alerts" of "heard" is not among the callables',
  );
  const wrong = (names: string): unknown =>
    thrownBy(() => loadPipeline(text.replace('[alerts]', names), { callables: { read, alerts } }));
  expect(wrong('[alert]')).toMatchObject({
    message: expect.stringContaining('did you mean "alerts"?') as unknown,
  });
  expect(wrong('[read]')).toMatchObject({ message: expect.stringContaining('"emitters"') as unknown });
  expect(wrong('alerts')).toMatchObject({ code: 'InvalidPipeline' });
});

test('a dataset that has no URL is refused where it is named', () => {
  const text = 'nodes:\n  - { id: k, type: source, callable: read, reads: orders }\n';
  expect(thrownBy(() => loadPipeline(text, { callables: { read } }))).toMatchObject({
    message: expect.stringContaining('a URL such as postgres://host/database/schema.table') as unknown,
  });
});

test('options of a tapestry, partitions, terminals and schedules are as in TypeScript', () => {
  const { tapestry: fromYaml, triggers } = loadPipeline(
    `
name: nightly
description: Made at night.
failOn: any
taskQueue: night
knots: { retry: { maximumAttempts: 2 }, dispatcher: local }
partition: { product: { day: { daily: { start: 2024-01-01, timezone: Europe/Berlin } }, region: { list: [eu, us] } } }
dependsOnPrevious: true
extensible: { definitions: [double] }
terminals: { result: k }
schedules:
  - { id: nightly, cron: 0 2 * * *, timezone: Europe/Berlin, overlap: buffer-one, jitter: 1m, tags: [night] }
nodes:
  - { id: k, type: knot, callable: add, parents: { a: partition }, config: { b: 1 } }
  - { id: other, type: knot, callable: double, config: { x: 1 } }
`,
    { callables },
  );
  const written = tapestry(
    'nightly',
    {
      description: 'Made at night.',
      failOn: 'any',
      taskQueue: 'night',
      knots: { retry: { maximumAttempts: 2 }, dispatcher: local() },
      partition: product({
        day: daily('2024-01-01', { timezone: 'Europe/Berlin' }),
        region: list(['eu', 'us']),
      }),
      dependsOnPrevious: true,
      extensible: { definitions: [double] },
    },
    (t) => {
      const k = addKnot({ a: t.partition as never, b: 1 }, { id: 'k' });
      double({ x: 1 }, { id: 'other' });
      return { result: k };
    },
  );
  expect(planTextOf(fromYaml)).toBe(planTextOf(written as unknown as Tapestry));
  const { tapestry: _own, ...declared } = triggers[0]!;
  const { tapestry: _other, ...expected } = schedule(written, {
    id: 'nightly',
    cron: '0 2 * * *',
    timezone: 'Europe/Berlin',
    overlap: 'buffer-one',
    jitter: '1m',
    tags: ['night'],
  } as never);
  expect(declared).toEqual(expected);
});
