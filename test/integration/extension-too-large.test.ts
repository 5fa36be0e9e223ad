import { z } from 'zod';
import { fragment, knot, queue, runLocally, tapestry, type Fragment } from '../../src';
import { Latch } from '../support/latch';
import { closeAll, openSelvage } from '../support/open-selvage';

afterEach(closeAll);

let gate = new Latch();
beforeEach(() => (gate = new Latch()));

const double = knot('double', ({ x }: { x: number }) => x * 2);
const hold = knot('hold', async ({ x }: { x: number }) => {
  await gate.passed;
  return x;
});
/** Its layout has an item that is longer than a slice of one may be. */
const tooLarge = (id: string): Fragment =>
  fragment(() => void double({ x: 1 }, { id, dispatcher: queue('q'.repeat(200_000)) }));

const held = tapestry('held-for-more', { extensible: true }, (t) => {
  const x = t.parameter('x', z.number());
  return { end: hold({ x: double({ x }, { id: 'd' }) }, { id: 'h' }) };
});
const bring = knot('bring', ({ x }: { x: number }, context) => {
  context.extend(tooLarge('from-a-body'));
  return x;
});
const bringing = tapestry('brings-too-much', { extensible: true }, (t) => {
  const x = t.parameter('x', z.number());
  bring({ x }, { id: 'b' });
  return { beside: double({ x }, { id: 'beside' }) };
});

test('a fragment that no run can hold is refused to its client, and the run goes on and takes others', async () => {
  const selvage = await openSelvage({ tapestries: [held] });
  const run = await selvage.start(held, { x: 4 });
  await expect(run.extend(tooLarge('from-a-client'))).rejects.toMatchObject({ code: 'PlanTooLarge' });
  await run.extend(fragment((f) => ({ more: double({ x: f.ref<number>('d') }, { id: 'more' }) })));
  gate.open();
  const result = await run.result();
  expect(result.status).toBe('succeeded');
  expect(result.outputs).toEqual({ 'param:x': 4, d: 8, h: 8, more: 16 });
});

test('of a body, it is a failure of the knot, in process as well', async () => {
  const selvage = await openSelvage({ tapestries: [bringing] });
  const there = await (await selvage.start(bringing, { x: 4 })).result();
  for (const { status, outcomes } of [there, await runLocally(bringing, { x: 4 })]) {
    expect(status).toBe('failed');
    expect(outcomes['b']).toMatchObject({ kind: 'err', error: { type: 'PlanTooLarge' } });
    expect(outcomes['beside']).toEqual({ kind: 'ok', value: 8 });
    expect(outcomes).not.toHaveProperty('from-a-body');
  }
});
