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
import { historyOf } from '../support/history';
import { closeAll, openSelvage, startWorker, temporaryBackends, unique } from '../support/open-selvage';
import { SwitchableBackends } from '../support/switchable-backends';

afterEach(closeAll);

/** What the bodies of a tapestry do, whatever they are of. */
type Body = (ctx: KnotContext) => Promise<void>;

/** A knot of each kind that has a body, each with the same one. */
function everyBody(name: string, body: Body, knots: object): Tapestry {
  const plain = knot('plain', async ({ x }: { x: number }, ctx) => {
    await body(ctx);
    return x;
  });
  const receiving = knot(
    'receiving',
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
const once: Body = async ({ attempt }) => {
  if (attempt < 2) throw new Error('once more');
};
const forEver: Body = ({ signal }) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('told to stop')), { once: true });
  });
const RETRY = { maximumAttempts: 2, initialInterval: 1 };

interface Limited {
  readonly shape: Tapestry;
  most(): number;
}

/** One place for all. */
function limited(name: string, dispatcher: Dispatcher): Limited {
  const limit = { key: unique('limit'), limit: 1 };
  let running = 0;
  let most = 0;
  const body: Body = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 2));
    running -= 1;
  };
  return { shape: everyBody(name, body, { dispatcher, maxConcurrent: limit }), most: () => most };
}

describe.each([
  { host: 'queued', dispatcher: queue() },
  { host: 'local', dispatcher: local() },
])('options hold for each node that has a body ($host)', ({ host, dispatcher }) => {
  test.each([
    { how: 'a retry', body: once, given: { retry: RETRY }, error: undefined },
    { how: 'no retry', body: once, given: {}, error: 'once more' },
    { how: 'a timeout', body: forEver, given: { timeout: 20 }, error: /20 ms/ },
  ])('$how', async ({ how, body, given, error }) => {
    const name = `${host}-${how.replace(' ', '-')}`;
    const shape = everyBody(name, body, { ...given, dispatcher });
    const looped = withLoop(`${name}-loop`, body, given);
    const selvage = await openSelvage({ tapestries: [shape, looped] });
    const failed = error === undefined ? [] : [...BODIES, 'loop'].sort();
    const ends = {
      here: [await runLocally(shape, PARAMETERS), await runLocally(looped, { x: 1 })],
      there: [
        await (await selvage.start(shape, PARAMETERS)).result(),
        await (await selvage.start(looped, { x: 1 })).result(),
      ],
    };
    for (const results of Object.values(ends)) {
      const outcomes = Object.entries(
        Object.assign({}, ...results.map((result) => result.outcomes)) as object,
      );
      const errors = outcomes.filter(([, { kind }]) => kind === 'err');
      expect(errors.map(([id]) => id).sort()).toEqual(failed);
      for (const [id, { error: record }] of errors) if (id !== 'map') expect(record.message).toMatch(error!);
    }
  });

  test('one place for all, in process and on Temporal', async () => {
    const here = limited(`${host}-limit-here`, dispatcher);
    expect((await runLocally(here.shape, { ...PARAMETERS, list: [1, 2, 3] })).succeeded).toBe(true);
    expect(here.most()).toBe(1);
    const there = limited(`${host}-limit`, dispatcher);
    const selvage = await openSelvage({ tapestries: [there.shape] });
    const run = await selvage.start(there.shape, { ...PARAMETERS, list: [1, 2, 3] });
    expect((await run.result()).status).toBe('succeeded');
    expect(there.most()).toBe(1);
  });

  test('a turn of the rate for each call of a body', async () => {
    const rate = { key: unique('rate'), limit: 1_000 };
    let called = 0;
    const shape = everyBody(
      `${host}-rate`,
      async ({ knotId }) => void (called += knotId === 'fold' ? 0 : 1),
      { dispatcher, ratePerSecond: rate },
    );
    const switchable = new SwitchableBackends(await temporaryBackends());
    switchable.inflict({ only: ['leaseTable.takeTurn'], until: Promise.resolve() });
    const selvage = await openSelvage({ tapestries: [shape], backends: switchable.backends });
    expect((await (await selvage.start(shape, PARAMETERS)).result()).status).toBe('succeeded');
    expect(called).toBe(BODIES.length - 1);
    expect(switchable.hit).toHaveLength(BODIES.length);
  });
});

test('priority and task queue reach the activities of all nodes that have any', async () => {
  const taskQueue = unique('elsewhere');
  const nothing: Body = () => Promise.resolve();
  const knots = { dispatcher: queue(taskQueue), priority: 2 } as const;
  const shape = everyBody('placed-nodes', nothing, knots);
  const chosen = tapestry('placed-first', { knots }, (t) => ({
    end: firstOk({ of: [t.parameter('x', z.number())] }, { id: 'firstOk' }),
  }));
  const looped = withLoop('placed-loop', nothing, { priority: 2 });
  const tapestries = [shape, chosen, looped] as Tapestry[];
  const selvage = await openSelvage({ tapestries });
  await startWorker(selvage, { tapestries, taskQueue });
  const runs = [
    await selvage.start(shape, PARAMETERS),
    await selvage.start(chosen, { x: 1 }),
    await selvage.start(looped, { x: 1 }),
  ];
  for (const run of runs) expect((await run.result()).status).toBe('succeeded');
  const [nodes, first, loops] = runs.map(({ runId }) => runId) as [string, string, string];
  const seen: Record<string, unknown> = {};
  for (const id of [nodes, `${nodes}/map`, first, `${loops}/loop`]) {
    for (const { activityTaskScheduledEventAttributes: scheduled } of await historyOf(selvage, id)) {
      if (scheduled)
        seen[scheduled.activityId!] = [
          scheduled.priority?.priorityKey,
          scheduled.taskQueue?.name === taskQueue,
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
