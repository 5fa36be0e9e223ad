import { z } from 'zod';

import {
  aggregate,
  branch,
  firstOk,
  gate,
  knot,
  local,
  loop,
  map,
  queue,
  reduce,
  runLocally,
  sink,
  source,
  tapestry,
  type Dispatcher,
  type KnotContext,
  type Outcome,
  type Tapestry,
} from '../../src';
import { Crowd } from '../support/crowd';
import { historyOf } from '../support/history';
import { openSelvage, selvageForAll, startWorker, temporaryBackends, unique } from '../support/open-selvage';
import { SwitchableBackends } from '../support/switchable-backends';

/** What the bodies of a tapestry do, whatever they are of. */
type Body = (ctx: KnotContext) => Promise<void>;

/** A knot of each kind that has a body, each with the same one. */
function everyBody(name: string, body: Body, knots: object): Tapestry {
  const plain = knot(`plain-${name}`, async ({ x }: { x: number }, ctx) => {
    await body(ctx);
    return x;
  });
  const receiving = knot(
    `receiving-${name}`,
    { receives: 'outcomes' },
    async ({ x }: { x: Outcome<number> }, ctx) => {
      await body(ctx);
      return x.kind;
    },
  );
  return tapestry(name, { knots }, (t) => {
    const x = t.parameter('x', z.number());
    const list = t.parameter('list', z.array(z.number()));
    plain({ x }, { id: 'knot' });
    receiving({ x }, { id: 'receiving' });
    source({ read: async (ctx) => void (await body(ctx)) }, { id: 'source' });
    sink({ inputs: { x }, write: async (_, ctx) => void (await body(ctx)) }, { id: 'sink' });
    aggregate({ inputs: { x }, combine: async (_, ctx) => void (await body(ctx)) }, { id: 'aggregate' });
    reduce({ of: list, combine: async (_, ctx) => void (await body(ctx)) }, { id: 'reduce' });
    reduce({ of: list, fold: async (n: number, _, ctx) => (await body(ctx), n), initial: 0 }, { id: 'fold' });
    gate({ input: x, predicate: async (_, ctx) => (await body(ctx), true) }, { id: 'gate' });
    const kind = {
      input: x,
      branches: ['a'],
      selector: async (_: number, ctx: KnotContext) => (await body(ctx), 'a' as const),
    };
    branch({ ...kind, branches: ['a'] }, { id: 'branch' });
    map({ over: list, each: async (_, ctx) => void (await body(ctx)), batch: 2 }, { id: 'map' });
  });
}
const BODIES = [
  'aggregate',
  'branch',
  'fold',
  'gate',
  'knot',
  'map',
  'receiving',
  'reduce',
  'sink',
  'source',
];

const step = tapestry('step-of-options', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: firstOk({ of: [x] }, { id: 'same' }),
}));

/** The same for the function of a loop, which takes part in no limit. */
function withLoop(name: string, body: Body, knots: object): Tapestry {
  return tapestry(name, { knots }, (t) => {
    const initial = { x: t.parameter('x', z.number()) };
    loop({ step, initial, until: async (_, ctx) => (await body(ctx), true) }, { id: 'loop' });
  });
}

const PARAMETERS = { x: 1, list: [1] };
const nothing: Body = () => Promise.resolve();
const forEver: Body = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('told to stop')), { once: true });
  });

/** With one place for all, and how many were in it at most. */
function limited(name: string, dispatcher: Dispatcher): { shape: Tapestry; crowd: Crowd } {
  const limit = { key: unique('limit'), limit: 1 };
  const crowd = new Crowd();
  return { shape: everyBody(name, () => crowd.join(), { dispatcher, maxConcurrent: limit }), crowd };
}

const HOSTS = [
  { host: 'queued', dispatcher: queue() },
  { host: 'local', dispatcher: local() },
].map(({ host, dispatcher }) => {
  const rate = { key: unique('rate'), limit: 1_000 };
  return {
    host,
    late: everyBody(`${host}-late`, forEver, { timeout: 20, dispatcher }),
    lateLoop: withLoop(`${host}-late-loop`, forEver, { timeout: 20 }),
    limited: limited(`${host}-limit`, dispatcher),
    rated: everyBody(`${host}-rate`, nothing, { dispatcher, ratePerSecond: rate }),
  };
});
const elsewhere = unique('elsewhere');
const knots = { dispatcher: queue(elsewhere), priority: 2 } as const;
const PLACED = [
  everyBody('placed-nodes', nothing, knots),
  tapestry('placed-first', { knots }, (t) => ({
    end: firstOk({ of: [t.parameter('x', z.number())] }, { id: 'firstOk' }),
  })),
  withLoop('placed-loop', nothing, { priority: 2 }),
] as Tapestry[];

const even = knot(
  'even',
  { input: z.object({ x: z.int().transform((x) => x * 2) }), output: z.object({ x: z.number() }) },
  ({ x }) => ({ x, more: 'kept' }),
);
const unvalidated = tapestry('unvalidated', { parameters: { list: z.array(z.number()) } }, (_t, { list }) => {
  const of = { over: list, each: even, bind: 'x' } as const;
  even({ x: 1 }, { id: 'checked' });
  for (const [name, dispatcher] of [
    ['queued', queue()],
    ['local', local()],
  ] as const) {
    even({ x: 1 }, { id: name, validate: false, dispatcher });
    map(of, { id: `${name}-map`, validate: false, dispatcher });
  }
  map({ ...of, batch: 2 }, { id: 'batched', validate: false });
});

const shared = selvageForAll({
  tapestries: [
    unvalidated as Tapestry,
    ...HOSTS.flatMap(({ late, lateLoop, limited: { shape } }) => [late, lateLoop, shape]),
    ...PLACED,
  ],
});

// That a retry holds for each kind is part of `every-node.test.ts`.
describe.each(HOSTS)('options hold for each node that has a body ($host)', (host) => {
  test('a timeout, as in process', async () => {
    const there = [
      await (await shared().start(host.late, PARAMETERS)).result(),
      await (await shared().start(host.lateLoop, { x: 1 })).result(),
    ];
    const here = [await runLocally(host.late, PARAMETERS), await runLocally(host.lateLoop, { x: 1 })];
    for (const results of [here, there]) {
      const outcomes = results.flatMap((result) =>
        Object.entries(result.outcomes as Record<string, Outcome>),
      );
      const errors = outcomes.flatMap(([id, outcome]) =>
        outcome.kind === 'err' ? [{ id, message: outcome.error.message }] : [],
      );
      expect(errors.map(({ id }) => id).sort()).toEqual([...BODIES, 'loop'].sort());
      for (const { id, message } of errors) if (id !== 'map') expect(message).toMatch(/20 ms/);
    }
  });

  test('one place for all', async () => {
    const { shape, crowd } = host.limited;
    const run = await shared().start(shape, { ...PARAMETERS, list: [1, 2, 3] });
    expect((await run.result()).status).toBe('succeeded');
    expect(crowd.most).toBe(1);
  });

  test('a turn of the rate for each call of a body', async () => {
    const switchable = new SwitchableBackends(await temporaryBackends());
    switchable.inflict({ only: ['leaseTable.takeTurn'], until: Promise.resolve() });
    const selvage = await openSelvage({ tapestries: [host.rated], backends: switchable.backends });
    expect((await (await selvage.start(host.rated, PARAMETERS)).result()).status).toBe('succeeded');
    expect(switchable.hit).toHaveLength(BODIES.length);
  });
});

test('schemas are left out of knots, segments and elements that are not to be validated', async () => {
  const there = await (await shared().start(unvalidated, { list: [1, 0.5] })).result();
  const one = { x: 1, more: 'kept' };
  const two = [one, { x: 0.5, more: 'kept' }];
  expect(there.outputs).toEqual({
    'param:list': [1, 0.5],
    checked: { x: 2 },
    ...{ queued: one, local: one },
    ...{ 'queued-map': two, 'local-map': two, batched: two },
  });
  expect((await runLocally(unvalidated, { list: [1, 0.5] })).outputs).toEqual(there.outputs);
});

test('priority and task queue reach the activities of all nodes that have any', async () => {
  const selvage = shared();
  await startWorker(selvage, { tapestries: PLACED, taskQueue: elsewhere });
  const runs = [
    await selvage.start(PLACED[0]!, PARAMETERS),
    await selvage.start(PLACED[1]!, { x: 1 }),
    await selvage.start(PLACED[2]!, { x: 1 }),
  ];
  for (const run of runs) expect((await run.result()).status).toBe('succeeded');
  const [nodes, first, loops] = runs.map(({ runId }) => runId) as [string, string, string];
  const seen: Record<string, unknown> = {};
  for (const id of [nodes, `${nodes}/map`, first, `${loops}/loop`]) {
    for (const { activityTaskScheduledEventAttributes: scheduled } of await historyOf(selvage, id)) {
      if (scheduled)
        seen[scheduled.activityId!] = [
          scheduled.priority?.priorityKey,
          scheduled.taskQueue?.name === elsewhere,
        ];
    }
  }
  expect(seen).toEqual({
    ...Object.fromEntries([...BODIES, 'firstOk'].map((id) => [id, [2, true]])),
    // What a map does itself is of its run; its elements go where it says.
    map: [2, false],
    'selvage.split:0:map': [undefined, false],
    'selvage.batch:0:map': [2, true],
    loop: [2, false],
  });
});
