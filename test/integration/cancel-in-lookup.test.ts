import { z } from 'zod';

import { knot, local, map, tapestry } from '../../src';
import type { Selvage } from '../../src/client';
import { historyOf } from '../support/history';
import { Latch, aborted } from '../support/latch';
import { closeAll, openSelvage, temporaryBackends } from '../support/open-selvage';
import { SwitchableBackends } from '../support/switchable-backends';
import { until } from '../support/until';

afterEach(closeAll);

const parity = knot('parity', ({ x }: { x: number }) => x % 2);
const inc = knot('inc', { version: '1', cache: true }, ({ x }: { x: number }) => x + 1);
const slow = knot('slow', async ({ x }: { x: number }) => x);

/** Below `parity`, a look-up finds `b` and `c`; `end` is not reused. */
const work = tapestry('looked-up', (t) => {
  const a = parity({ x: t.parameter('x', z.number()) }, { id: 'a' });
  const b = inc({ x: a }, { id: 'b' });
  const c = inc({ x: b }, { id: 'c' });
  return { end: slow({ x: c }, { id: 'end' }) };
});

/** The workflow hears of a cancel while a local activity runs when its task is prolonged. */
async function untilCancelIsHeard(selvage: Selvage, runId: string): Promise<void> {
  await until('the workflow has a task after the cancel', async () => {
    const events = await historyOf(selvage, runId);
    const cancel = events.findIndex((event) => event.workflowExecutionCancelRequestedEventAttributes);
    return cancel >= 0 && events.slice(cancel).some((event) => event.workflowTaskStartedEventAttributes);
  });
}

test('a cancel in the middle of a look-up: what was found counts as Ok, as its records say', async () => {
  const switchable = new SwitchableBackends(await temporaryBackends());
  const selvage = await openSelvage({ tapestries: [work], backends: switchable.backends });
  expect(await (await selvage.start(work, { x: 1 })).values()).toEqual({ end: 3 });

  const lookUp = new Latch();
  const run = await selvage.start(work, { x: 3 });
  switchable.inflict({ only: ['runHistory.findCached'], until: lookUp.passed });
  await until('it looks b and c up', () => Promise.resolve(switchable.hit.length > 0));
  await run.cancel();
  await untilCancelIsHeard(selvage, run.runId);
  lookUp.open();
  switchable.mend();
  const result = await run.result();
  expect(result).toMatchObject({
    status: 'cancelled',
    outcomes: { b: { kind: 'ok', value: 2 }, c: { kind: 'ok', value: 3 }, end: { kind: 'skipped' } },
  });
  const { items } = await run.lineage();
  const onRecord = { ok: 0, err: 0, skipped: 0 };
  for (const { outcome } of items) onRecord[outcome] += 1;
  expect(onRecord).toEqual({ ok: 4, err: 0, skipped: 1 });
  expect((await run.status()).run.environment).toMatchObject({ counts: onRecord });
}, 60_000);

test('a body of a segment does not begin after a cancel that came while it was looked up, nor does one of an element', async () => {
  const stopping = new Latch();
  let ran = 0;
  const patient = knot('patient', async (_: object, { signal }) => {
    await aborted(signal).catch(() => stopping.open());
    return 1;
  });
  const counted = knot('counted', { version: '1', cache: true }, ({ x }: { x: number }) => {
    ran += 1;
    return x;
  });
  const both = knot('both', ({ x }: { x: number }) => [x, x + 1]);
  const segment = tapestry('looked-up-in-a-segment', { knots: { dispatcher: local() } }, (t) => {
    const x = t.parameter('x', z.number());
    patient({}, { id: 'patient' });
    counted({ x: parity({ x }, { id: 'a' }) }, { id: 'k' });
    map({ over: both({ x }, { id: 'list' }), each: counted, bind: 'x' }, { id: 'm' });
  });
  const switchable = new SwitchableBackends(await temporaryBackends());
  const selvage = await openSelvage({ tapestries: [segment], backends: switchable.backends });
  const lookUp = new Latch();
  switchable.inflict({ only: ['runHistory.findCached'], until: lookUp.passed });
  const run = await selvage.start(segment, { x: 3 });
  await until('the segment looks them up', () => Promise.resolve(switchable.hit.length > 0));
  await run.cancel();
  await stopping.passed;
  lookUp.open();
  const cancelled = { kind: 'skipped', reason: 'cancelled' };
  expect(await run.result()).toMatchObject({
    status: 'cancelled',
    outcomes: { patient: { kind: 'ok' }, k: cancelled, m: cancelled },
  });
  expect(ran).toBe(0);
}, 60_000);
