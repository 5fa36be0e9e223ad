import { z } from 'zod';

import { firstOk, knot, local, sleep, tapestry, waitForSignal, waitUntil } from '../../../src';
import { simulate } from '../../../src/testing';
import { rejectionOf } from '../../support/rejection-of';
import { refusal } from '../../support/refusal';

const double = knot('double', ({ x }: { x: number }) => 2 * x);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);
const spare = knot('spare', () => 1);

const waiting = tapestry('waiting', { knots: { dispatcher: local() } }, (t) => {
  const x = double({ x: t.parameter('x', z.number()) }, { id: 'x' });
  const first = waitForSignal('n', z.number(), { id: 'first', after: [x] });
  const second = waitForSignal('n', z.number(), { id: 'second' });
  const never = waitForSignal('never', z.number(), { id: 'never', timeout: 5_000 });
  const slept = sleep({ ms: x, input: x }, { id: 'slept' });
  const due = waitUntil({ time: 5, input: slept }, { id: 'due' });
  const sum = add({ a: first, b: second }, { id: 'sum' });
  const any = firstOk({ of: [never, spare({}, { id: 'spare' })] }, { id: 'any' });
  return { end: add({ a: add({ a: sum, b: due }, { id: 'with-due' }), b: any }, { id: 'end' }) };
});

test('waits are simulated, with bodies that are stood for and with those of the tapestry', async () => {
  const stoodFor = await simulate(waiting, { schedules: 400, cancel: true });
  expect(stoodFor.schedules).toBe(400);
  const real = await simulate(waiting, {
    parameters: { x: 2 },
    signals: { n: [1, 2] },
    schedules: 100,
  });
  expect(real.bodies).toBeGreaterThan(0);
});

test('signals are checked, and given with parameters only', async () => {
  const wrong = simulate(waiting, { parameters: { x: 2 }, signals: { n: 'one' } });
  expect(await rejectionOf(wrong)).toMatchObject({ code: 'InvalidSignal' });
  const alone = simulate(waiting, { signals: { n: 1 } });
  expect(await rejectionOf(alone)).toMatchObject(refusal('InvalidConfig', 'signals'));
});
