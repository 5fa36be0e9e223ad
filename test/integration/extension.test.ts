import { z } from 'zod';
import { Knot, fragment, knot, runLocally, tapestry, type Fragment, type KnotContext } from '../../src';
import { CACHING, closeAll, openSelvage } from '../support/open-selvage';

afterEach(closeAll);

const double = knot('double', ({ x }: { x: number }) => x * 2);
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
const TAPESTRIES = [growing, countdown];

const many = (): Fragment =>
  fragment((f) => {
    const d2 = double({ x: f.ref<number>('d') }, { id: 'd2' });
    const s = spare({ x: d2 }, { id: 's' });
    double({ x: f.ref('below') }, { id: 'skipped' });
    double({ x: f.ref('failed') }, { id: 'strict', errorPolicy: 'requireAllParents' });
    return { last: Negate.place({ x: total({ a: s, b: f.ref('t') }, { id: 't2' }) }, { id: 'n' }) };
  });

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
});
