import { z } from 'zod';

import { knot, sleep, tapestry, waitForSignal, waitUntil, type Outcome } from '../../src';
import { CACHING, closeAll, openSelvage, unique } from '../support/open-selvage';
import { rejectionOf } from '../support/rejection-of';
import { until } from '../support/until';

afterEach(closeAll);

const report = knot('report', ({ x }: { x: number }) => `report ${x}`);
const publish = knot(
  'publish',
  ({ text, by }: { text: string; by: { name: string } }) => `${text} by ${by.name}`,
);
const join = knot('join', (all: Record<string, unknown>) => Object.values(all).join());

const approved = tapestry('approved', (t) => {
  const text = report({ x: t.parameter('x', z.number()) }, { id: 'report' });
  const by = waitForSignal('approve', z.object({ name: z.string().trim() }), {
    id: 'approval',
    after: [text],
  });
  return { line: publish({ text, by }, { id: 'line' }) };
});
const times = tapestry('times', (t) => {
  const ms = t.parameter('ms', z.number());
  const text = report({ x: 1 }, { id: 'text' });
  const slept = sleep({ ms, input: text }, { id: 'slept' });
  const briefly = sleep({ ms: 50, after: [text] }, { id: 'briefly' });
  const due = waitUntil(
    { time: t.parameter('time', z.date()), input: slept, after: [briefly] },
    { id: 'due' },
  );
  const past = waitUntil({ time: new Date(0), input: due }, { id: 'past' });
  return { past };
});
const impatient = tapestry('impatient', () => {
  const go = waitForSignal('go', z.string(), { id: 'go', timeout: 200 });
  return { line: join({ go }, { id: 'line' }) };
});
const several = tapestry('several', () => {
  const first = waitForSignal('n', z.number(), { id: 'first' });
  const second = waitForSignal('n', z.number(), { id: 'second', after: [first] });
  const text = waitForSignal('n', z.string(), { id: 'text', after: [second] });
  const last = waitForSignal('end', z.any(), { id: 'last' });
  return { line: join({ first, second, text, last }, { id: 'line' }) };
});
const tapestries = [approved, times, impatient, several];

const errorOf = (outcome: Outcome | undefined) => (outcome?.kind === 'err' ? outcome.error : undefined);

describe.each(CACHING)('$name', ({ maxCachedWorkflows }) => {
  const open = () =>
    openSelvage({
      tapestries,
      ...(maxCachedWorkflows !== undefined && { workerOptions: { maxCachedWorkflows } }),
    });

  test('a wrong signal rejects its sender and the wait goes on; a right one ends it', async () => {
    const selvage = await open();
    const run = await selvage.start(approved, { x: 1 });
    expect(await rejectionOf(run.signal('approve', { name: 5 }))).toMatchObject({
      code: 'InvalidSignal',
      message: expect.stringMatching(/approval.*name: /),
    });
    expect(await rejectionOf(run.signal('aprove', {}))).toMatchObject({
      code: 'UnknownSignal',
      message: expect.stringContaining('"approve"'),
    });
    await until('the wait has begun', async () => (await run.status()).live?.waits?.length === 1);
    expect(await run.signal('approve', { name: ' ada ' })).toEqual({ takenBy: 'approval' });
    expect(await run.values()).toEqual({ line: 'report 1 by ada' });
    const [record] = await selvage.backends.runHistory.getRecords((await run.status()).run.temporal_run_id, [
      'approval',
    ]);
    expect(record).toMatchObject({ knot_class: 'selvage.waitForSignal', outcome: 'ok', attempt: 1 });
    expect(await rejectionOf(run.signal('approve', { name: 'late' }))).toMatchObject({ code: 'RunOver' });
    expect(await rejectionOf(selvage.getRun(unique('none')).signal('approve', {}))).toMatchObject({
      code: 'UnknownRun',
    });
  });

  test('sleeps and times', async () => {
    const selvage = await open();
    const begun = Date.now();
    const time = new Date(begun + 1_500);
    const run = await selvage.start(times, { ms: 300, time });
    expect(await run.values()).toEqual({ past: 'report 1' });
    expect(Date.now()).toBeGreaterThanOrEqual(time.getTime());
    const records = await run.records();
    const hashOf = (id: string) => records.find((record) => record.knot_id === id)!.output_hash;
    expect(hashOf('past')).toBe(hashOf('text'));
  });

  test('a signal that does not come in time fails its wait', async () => {
    const selvage = await open();
    const run = await selvage.start(impatient, {});
    const { outcomes, status } = await run.result();
    expect(errorOf(outcomes['go'])).toMatchObject({ type: 'SignalTimeout' });
    expect(outcomes['line']).toMatchObject({ kind: 'skipped' });
    expect(status).toBe('failed');
  });

  test('early and repeated signals are kept in order, each wait takes one that fits it, and what is left is on record', async () => {
    const selvage = await open();
    const run = await selvage.start(several, {});
    await run.signal('n', 1);
    await run.signal('n', 'text');
    await run.signal('n', 2);
    expect(await rejectionOf(run.signal('n', 3))).toMatchObject({ code: 'SignalTooLate' });
    await run.signal('end', true);
    expect(await run.values()).toEqual({ line: '1,true,2,text' });
  });

  test('a cancel ends waits at once', async () => {
    const selvage = await open();
    const run = await selvage.start(approved, { x: 1 });
    await until('the wait has begun', async () => (await run.status()).live?.waits?.length === 1);
    await run.cancel();
    const { outcomes, status } = await run.result();
    expect(status).toBe('cancelled');
    expect(outcomes['approval']).toEqual({ kind: 'skipped', reason: 'cancelled' });
  });
});
