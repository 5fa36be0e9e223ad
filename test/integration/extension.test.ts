import { z } from 'zod';
import {
  fragment,
  gate,
  knot,
  local,
  map,
  queue,
  runLocally,
  tapestry,
  type FailOn,
  type Fragment,
  type KnotContext,
} from '../../src';
import { combineBackends, createInMemoryBackends } from '../../src/backends';
import type { Offer } from '../../src/ports';
import { Latch } from '../support/latch';
import { connectSelvage, selvageForAll, unique } from '../support/open-selvage';
import { Negate, double, spare, total } from '../support/refused-fragments';
import { rejectionOf } from '../support/rejection-of';
import { until } from '../support/until';

const boom = knot('boom', ({ x }: { x: number }): number => {
  throw new Error(`no ${x}`);
});
/** Set by a test before it starts a run. */
let bring: (context: KnotContext) => unknown = () => undefined;
const planner = knot('planner', async (_: { of: number }, context) => {
  await bring(context);
  return 'planned';
});

const growing = tapestry('growing', { extensible: { definitions: [spare, Negate] } }, (t) => {
  const x = t.parameter('x', z.number());
  const d = double({ x }, { id: 'd' });
  double({ x: boom({ x }, { id: 'failed' }) }, { id: 'below' });
  const plan = planner({ of: d }, { id: 'plan' });
  return { t: total({ a: d, b: 1 }, { id: 't' }), plan };
});
const closed = tapestry('closed', (t) => {
  const d = double({ x: t.parameter('x', z.number()) }, { id: 'd' });
  double({ x: planner({ of: d }, { id: 'plan' }) as never }, { id: 'below-plan' });
});
const ofNode = tapestry('of-node', { extensible: true }, (t) => {
  const d = double({ x: t.parameter('x', z.number()) }, { id: 'd' });
  gate({ input: d, predicate: async (_, context) => Boolean(await bring(context)) }, { id: 'plan' });
});
/** None of these may: each a body on another dispatcher. */
const unextended = tapestry('unextended', { parameters: { list: z.array(z.number()) } }, (_t, { list }) => {
  const each = { over: list, each: planner, bind: 'of', onError: 'collect' } as const;
  planner({ of: 1 }, { id: 'queued' });
  planner({ of: 1 }, { id: 'local', dispatcher: local() });
  map(each, { id: 'elements' });
  map({ ...each, batch: 2 }, { id: 'batched' });
  map(each, { id: 'local-elements', dispatcher: local() });
});
const gates = new Map<string, Latch>();
/** Waits at the gate of its run. */
const hold = knot('hold', async ({ x }: { x: number }, { runId }) => {
  await gates.get(runId)!.passed;
  return x;
});
const held = tapestry('held', { extensible: true }, (t) => {
  const x = t.parameter('x', z.number());
  return { end: hold({ x: double({ x }, { id: 'd' }) }, { id: 'h' }) };
});
const hopeful = (failOn: FailOn) =>
  tapestry(`hopeful-${failOn}`, { failOn, extensible: { definitions: [boom] } }, (t) => {
    const d = double({ x: t.parameter('x', z.number()) }, { id: 'd' });
    return { end: hold({ x: d }, { id: 'h' }), plan: planner({ of: d }, { id: 'plan' }) };
  });
const hopefuls = { unhandled: hopeful('unhandled'), any: hopeful('any') };
const shared = selvageForAll({
  tapestries: [growing, closed, ofNode, unextended, held, ...Object.values(hopefuls)],
});

async function startHeld(runId: string) {
  const gate = new Latch();
  gates.set(runId, gate);
  const run = await shared().start(held, { x: 4 }, { runId });
  return { run, open: () => gate.open() };
}

const more = (id: string, x = 1): Fragment => fragment(() => void double({ x }, { id }));
const many = (): Fragment =>
  fragment((f) => {
    const d2 = double({ x: f.ref<number>('d') }, { id: 'd2' });
    const s = spare({ x: d2 }, { id: 's' });
    double({ x: f.ref('below') }, { id: 'skipped' });
    double({ x: f.ref('failed') }, { id: 'strict', errorPolicy: 'requireAllParents' });
    return { last: Negate.place({ x: total({ a: s, b: f.ref('t') }, { id: 't2' }) }, { id: 'n' }) };
  });

test('a body gives its run more knots, which come to what they come to in process', async () => {
  const selvage = shared();
  bring = (context) => context.extend(many());
  const run = await selvage.start(growing, { x: 21 });
  const result = await run.result();
  expect(result.outputs).toMatchObject({ d: 42, t: 43, plan: 'planned', d2: 84, s: 184, t2: 227, n: -227 });
  expect(result.values).toEqual({ t: 43, plan: 'planned', last: -227 });
  expect(result.outcomes['strict']).toMatchObject({ kind: 'err', error: { type: 'RequireAllParents' } });
  const here = await runLocally(growing, { x: 21 });
  const hashes = (records: readonly { knot_id: string; output_hash: string | null; outcome: string }[]) =>
    Object.fromEntries(records.map(({ knot_id, output_hash, outcome }) => [knot_id, [outcome, output_hash]]));
  expect(hashes(await run.lineage())).toEqual(hashes(here.lineage));
});

test.each([
  { failOn: 'unhandled', by: 'its body' },
  { failOn: 'unhandled', by: 'a client' },
  { failOn: 'any', by: 'a client' },
] as const)(
  'a run whose only failure is a newcomer that $by has brought fails for it, failOn: $failOn',
  async ({ failOn, by }) => {
    const newcomer = fragment(() => void boom({ x: 7 }, { id: 'newcomer' }));
    bring = (context) => by === 'its body' && context.extend(newcomer);
    const runId = unique('hopeful');
    const gate = new Latch();
    gates.set(runId, gate);
    const run = await shared().start(hopefuls[failOn], { x: 1 }, { runId });
    if (by === 'a client') await run.extend(newcomer);
    gate.open();
    const { status, outcomes } = await run.result();
    expect(status).toBe('failed');
    expect(outcomes['newcomer']).toMatchObject({ kind: 'err', error: { message: 'no 7' } });
    const workflow = shared().client.workflow.getHandle(runId);
    await expect(workflow.result()).rejects.toMatchObject({
      cause: { type: 'RunFailed', message: '1 of 5 knots failed: newcomer (Error: no 7)' },
    });
  },
);

/** Its layout is larger than an execution may load: so many task queues have long names. */
const tooLarge = (id: string): Fragment =>
  fragment(() => {
    for (let at = 0; at < 21_500; at++)
      double({ x: 1 }, { id: `${id}${at}`, dispatcher: queue(`${at}${'q'.repeat(990)}`) });
  });

// All lies of `refused-fragments.ts` are told in process, and by a client in `extension-from-outside.test.ts`.
test.each([
  { lie: 'an id that the run has', shape: growing, code: 'DuplicateId', words: /"d"/, more: () => more('d') },
  {
    lie: 'more than any run can hold',
    shape: growing,
    code: 'PlanTooLarge',
    words: /./,
    more: () => tooLarge('e'),
  },
  {
    lie: 'to a run that takes none',
    shape: closed,
    code: 'NotExtensible',
    words: /Runs of tapestry "closed" take no more knots: give it the option `extensible: true`/,
    more: () => more('e'),
  },
  {
    lie: 'by a node',
    shape: ofNode,
    code: 'NotExtensible',
    words: /Knot "plan" is a node .* Let a knot of a definition do it/,
    more: () => more('e'),
  },
])(
  'a body whose extension is refused fails, and the run is as it would be without it: $lie',
  async ({ shape, code, words, more }) => {
    const end = async (extend: boolean) => {
      bring = (context) => (extend ? context.extend(more()) : true);
      const run = await shared().start(shape, { x: 21 });
      const { plan, ...others } = (await run.result()).outcomes;
      const { plan_hash, terminals, details } = (await run.status()).run;
      return {
        plan,
        ids: Object.keys(others),
        plan_hash,
        terminals,
        startedWith: details['started_with'],
      };
    };
    const { plan: refused, ...run } = await end(true);
    expect(refused).toMatchObject({
      kind: 'err',
      error: { type: code, message: expect.stringMatching(words) },
    });
    const { plan, ...without } = await end(false);
    expect(plan).toMatchObject({ kind: 'ok' });
    expect(run).toEqual(without);
  },
);

test('a body that cannot extend its run is told so in the same words on every dispatcher', async () => {
  bring = (context) => context.extend(more('e'));
  const there = await (await shared().start(unextended, { list: [1, 2] })).result();
  const here = await runLocally(unextended, { list: [1, 2] });
  for (const id of ['queued', 'local']) {
    for (const { outcomes } of [there, here]) {
      expect(outcomes[id]).toMatchObject({
        kind: 'err',
        error: {
          type: 'NotExtensible',
          message: expect.stringMatching(/^Runs of tapestry "unextended" take/),
        },
      });
    }
  }
  const told = ({ outputs }: { outputs: Readonly<Record<string, unknown>> }) =>
    ['elements', 'batched', 'local-elements'].map((id) =>
      (outputs[id] as { error: { message: string } }[]).map(({ error }) => error.message),
    );
  expect(told(there)).toEqual(told(here));
  expect(told(there)[2]).toEqual(
    [0, 1].map((at) => expect.stringContaining(`Knot "local-elements[${at}]" is`)),
  );
});

test('a fragment that no run can hold is refused to its client, and the run goes on and takes others', async () => {
  const { run, open } = await startHeld(unique('held'));
  await expect(run.extend(tooLarge('from-a-client'))).rejects.toMatchObject({ code: 'PlanTooLarge' });
  await run.extend(fragment((f) => ({ more: double({ x: f.ref<number>('d') }, { id: 'more' }) })));
  open();
  const { status, outputs } = await run.result();
  expect(status).toBe('succeeded');
  expect(outputs).toEqual({ 'param:x': 4, d: 8, h: 8, more: 16 });
});

test('whoever has the store offers a run more knots, and a follower gives them to it', async () => {
  const selvage = shared();
  // Has the store, and need not reach the server.
  const offering = await connectSelvage({ backends: selvage.backends });
  const runId = unique('offered');
  await offering.extensions.offer(runId, more('before', 1));
  const { run, open } = await startHeld(runId);
  const taken: Offer[] = [];
  const refused: string[] = [];
  const followed = selvage.extensions.follow(runId, {
    onTaken: (offer) => taken.push(offer),
    onRefused: (_offer, error) => refused.push(error.code),
  });
  await until('the first is taken', () => taken.length === 1);
  await offering.extensions.offer(runId, more('h', 2));
  await offering.extensions.offer(
    runId,
    fragment((f) => void double({ x: f.ref('before') }, { id: 'after' })),
  );
  await until('the last is taken', () => taken.length === 2);
  expect(refused).toEqual(['DuplicateId']);
  // Offered again, and followed by another one from the beginning: nothing is added twice.
  await offering.extensions.offer(runId, more('before', 1));
  const stop = new AbortController();
  const again: number[] = [];
  const second = selvage.extensions.follow(runId, {
    signal: stop.signal,
    onTaken: ({ number }) => again.push(number),
  });
  await until('both have passed all on', () => again.length === 3 && taken.length === 3);
  stop.abort();
  expect((await second).refused).toHaveLength(1);
  open();
  const { outputs } = await run.result();
  expect(outputs).toEqual({ 'param:x': 4, d: 8, h: 8, before: 2, after: 4 });
  const end = await followed;
  expect([end.taken.length, end.refused.length]).toEqual([3, 1]);

  await offering.extensions.offer(runId, more('late'));
  const late = await selvage.extensions.follow(runId);
  expect(late.taken).toEqual([]);
  expect(new Set(late.refused.map(({ error }) => error.code))).toEqual(new Set(['RunOver']));
});

test('a malformed fragment is refused where it is offered, and a store that takes no offers says so', async () => {
  const backends = createInMemoryBackends();
  const selvage = await connectSelvage({ backends });
  const refusal = await rejectionOf(selvage.extensions.offer('run', { knots: [] } as never));
  expect(refusal.code).toBe('InvalidFragment');
  const { technology, identity, save, get, list, close } = backends.tapestryStore;
  const plain = combineBackends({
    ...backends,
    tapestryStore: { technology, identity, save, get, list, close },
  });
  const other = await connectSelvage({ backends: plain });
  expect((await rejectionOf(other.extensions.offer('run', more('e')))).code).toBe('NotSubscribable');
  expect((await rejectionOf(other.extensions.follow('run'))).message).toMatch(/takes no offers.*SQLite/);
});
