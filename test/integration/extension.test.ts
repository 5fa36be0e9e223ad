import { z } from 'zod';
import {
  Knot,
  fragment,
  gate,
  knot,
  runLocally,
  tapestry,
  type Fragment,
  type KnotContext,
  type Outcome,
} from '../../src';
import { CACHING, closeAll, openSelvage } from '../support/open-selvage';
import { double, refusedFragments } from '../support/refused-fragments';

afterEach(closeAll);

const total = knot('total', ({ a, b }: { a: number; b: number }) => a + b);
const spare = knot('spare', ({ x }: { x: number }) => x + 100);
const boom = knot('boom', ({ x }: { x: number }): number => {
  throw new Error(`no ${x}`);
});
class Negate extends Knot<{ x: number }, number> {
  static knotName = 'negate';
  process({ x }: { x: number }): number {
    return -x;
  }
}
const down = knot('down', ({ left }: { left: number }, context): number => {
  if (left > 0) context.extend(fragment(() => void down({ left: left - 1 }, { id: `left-${left - 1}` })));
  return left;
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
const countdown = tapestry('countdown', { extensible: true }, (t) => {
  const left = t.parameter('left', z.number());
  down({ left }, { id: 'first' });
});
const closed = tapestry('closed', (t) => {
  const d = double({ x: t.parameter('x', z.number()) }, { id: 'd' });
  double({ x: planner({ of: d }, { id: 'plan' }) as never }, { id: 'below-plan' });
});
const ofNode = tapestry('of-node', { extensible: true }, (t) => {
  const d = double({ x: t.parameter('x', z.number()) }, { id: 'd' });
  gate({ input: d, predicate: async (_, context) => Boolean(await bring(context)) }, { id: 'plan' });
});
const TAPESTRIES = [growing, countdown, closed, ofNode];

const many = (): Fragment =>
  fragment((f) => {
    const d2 = double({ x: f.ref<number>('d') }, { id: 'd2' });
    const s = spare({ x: d2 }, { id: 's' });
    double({ x: f.ref('below') }, { id: 'skipped' });
    double({ x: f.ref('failed') }, { id: 'strict', errorPolicy: 'requireAllParents' });
    return { last: Negate.place({ x: total({ a: s, b: f.ref('t') }, { id: 't2' }) }, { id: 'n' }) };
  });

const kinds = (outcomes: Readonly<Record<string, Outcome>>): Record<string, string> =>
  Object.fromEntries(Object.entries(outcomes).map(([id, { kind }]) => [id, kind]));

describe.each(CACHING)('by a body, $name', ({ maxCachedWorkflows }) => {
  const workerOptions = maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows };

  test('a run gets more knots, and comes to what the same comes to in process', async () => {
    const selvage = await openSelvage({ tapestries: TAPESTRIES, workerOptions });
    bring = (context) => context.extend(many());
    const run = await selvage.start(growing, { x: 21 });
    const result = await run.result();
    expect(result.outputs).toMatchObject({ d: 42, t: 43, plan: 'planned', d2: 84, s: 184, t2: 227, n: -227 });
    expect(result.values).toEqual({ t: 43, plan: 'planned', last: -227 });
    expect(result.outcomes['strict']).toMatchObject({ kind: 'err', error: { type: 'RequireAllParents' } });
    const here = await runLocally(growing, { x: 21 });
    const hashes = (records: readonly { knot_id: string; output_hash: string | null; outcome: string }[]) =>
      Object.fromEntries(
        records.map(({ knot_id, output_hash, outcome }) => [knot_id, [outcome, output_hash]]),
      );
    expect(hashes(await run.records())).toEqual(hashes(here.lineage));
  });

  test('and newcomers extend it again', async () => {
    const selvage = await openSelvage({ tapestries: TAPESTRIES, workerOptions });
    const run = await selvage.start(countdown, { left: 8 });
    const { outputs, status } = await run.result();
    expect(status).toBe('succeeded');
    expect(outputs).toEqual({
      'param:left': 8,
      first: 8,
      ...Object.fromEntries([7, 6, 5, 4, 3, 2, 1, 0].map((left) => [`left-${left}`, left])),
    });
  });

  test('a body whose extension is refused fails, and the run is as it would be without it', async () => {
    const selvage = await openSelvage({ tapestries: TAPESTRIES, workerOptions });
    const end = async (extension: () => Fragment | undefined) => {
      bring = (context) => {
        const more = extension();
        if (more) context.extend(more);
      };
      const run = await selvage.start(growing, { x: 21 });
      const { outcomes, outputs } = await run.result();
      const { plan: ofPlan, ...others } = outcomes;
      delete (outputs as Record<string, unknown>)['plan'];
      const { plan_hash, terminals, environment } = (await run.status()).run;
      const record = { plan_hash, terminals, startedWith: environment['started_with'] };
      return { ofPlan, rest: { others: kinds(others), outputs, record } };
    };
    const unextended = await end(() => undefined);
    expect(unextended.ofPlan).toMatchObject({ kind: 'ok' });
    for (const { lie, make, code, message } of refusedFragments({ knot: 'd', terminal: 't' })) {
      const { ofPlan, rest } = await end(make);
      expect([lie, ofPlan]).toMatchObject([
        lie,
        { kind: 'err', error: { type: code, message: expect.stringMatching(message) } },
      ]);
      expect(rest).toEqual(unextended.rest);
    }
  });

  test.each([
    {
      shape: closed,
      words: /Runs of tapestry "closed" take no more knots: give it the option `extensible: true`/,
    },
    { shape: ofNode, words: /Knot "plan" is a node .* Let a knot of a definition do it/ },
  ])('a body that may not extend its run fails ($shape.name)', async ({ shape, words }) => {
    const selvage = await openSelvage({ tapestries: TAPESTRIES, workerOptions });
    bring = (context) => context.extend(fragment(() => void double({ x: 1 }, { id: 'e' })));
    const { outcomes, outputs } = await (await selvage.start(shape, { x: 21 })).result();
    expect(outcomes['plan']).toMatchObject({
      kind: 'err',
      error: { type: 'NotExtensible', message: expect.stringMatching(words) },
    });
    expect(outputs).toEqual({ 'param:x': 21, d: 42 });
    expect(outcomes).not.toHaveProperty('e');
  });
});
