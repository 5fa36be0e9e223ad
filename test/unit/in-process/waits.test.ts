import { z } from 'zod';

import {
  knot,
  runLocally,
  sleep,
  subTapestry,
  tapestry,
  waitForSignal,
  waitUntil,
  type Outcome,
} from '../../../src';
import { rejectionOf } from '../../support/rejection-of';
import { refusal } from '../../support/refusal';

const approval = z.object({ by: z.string(), at: z.coerce.number().default(0) });
const report = knot('report', ({ x }: { x: number }) => `report ${x}`);
const publish = knot(
  'publish',
  ({ text, approval }: { text: string; approval: { by: string } }) => `${text}, approved by ${approval.by}`,
);

const approved = tapestry('approved', (t) => {
  const text = report({ x: t.parameter('x', z.number()) }, { id: 'report' });
  const answer = waitForSignal('approve', approval, { id: 'approval', after: [text] });
  return { line: publish({ text, approval: answer }, { id: 'line' }) };
});

const errorOf = (outcome: Outcome | undefined) => (outcome?.kind === 'err' ? outcome.error : undefined);

test('a wait yields what comes out of the schema', async () => {
  const { values, outputs } = await runLocally(
    approved,
    { x: 1 },
    { signals: { approve: { by: 'ada', at: '7' } } },
  );
  expect(values).toEqual({ line: 'report 1, approved by ada' });
  expect(outputs['approval']).toEqual({ by: 'ada', at: 7 });
});

test('signals are checked before anything runs', async () => {
  expect(
    await rejectionOf(runLocally(approved, { x: 1 }, { signals: { approve: { by: 5 } } })),
  ).toMatchObject(refusal('InvalidSignal', 'by: '));
  expect(await rejectionOf(runLocally(approved, { x: 1 }, { signals: { aprove: {} } }))).toMatchObject(
    refusal('UnknownSignal', '"approve"'),
  );
});

test('a signal that is not given fails the wait, and says what to give', async () => {
  const { outcomes } = await runLocally(approved, { x: 1 });
  expect(errorOf(outcomes['approval'])).toMatchObject({
    type: 'SignalNotGiven',
    message: expect.stringContaining("signals: { 'approve': … }"),
  });
  expect(outcomes['line']).toMatchObject({ kind: 'skipped' });
});

test('each wait takes one signal, and the first that fits it', async () => {
  const several = tapestry('several', () => {
    const first = waitForSignal('n', z.number(), { id: 'first' });
    const second = waitForSignal('n', z.number(), { id: 'second', after: [first] });
    const text = waitForSignal('n', z.string(), { id: 'text' });
    return { first, second, text };
  });
  const { values } = await runLocally(several, {}, { signals: { n: [1, 'a', 2, 3] } });
  expect(values).toEqual({ first: 1, second: 2, text: 'a' });
});

test('a function answers what a knot gets', async () => {
  const { values } = await runLocally(
    approved,
    { x: 2 },
    { signals: { approve: (id: string) => ({ by: id }) } },
  );
  expect(values).toEqual({ line: 'report 2, approved by approval' });
  const { outcomes } = await runLocally(approved, { x: 2 }, { signals: { approve: () => 'no' } });
  expect(errorOf(outcomes['approval'])).toMatchObject({ type: 'InvalidSignal' });
});

test('sleeps and times are over at once, and pass their input on', async () => {
  const slow = tapestry('slow', (t) => {
    const ms = t.parameter('ms', z.any());
    const text = report({ x: 3 }, { id: 'text' });
    const slept = sleep({ ms, input: text }, { id: 'slept' });
    const due = waitUntil({ time: new Date('2100-01-01'), input: slept }, { id: 'due' });
    const nothing = sleep({ ms: 1e9, after: [due] }, { id: 'nothing' });
    return { due, nothing };
  });
  const { values, lineage } = await runLocally(slow, { ms: 1e12 });
  expect(values).toEqual({ due: 'report 3', nothing: undefined });
  const hashes = lineage
    .filter(({ knot_id: id }) => ['text', 'slept', 'due'].includes(id))
    .map((r) => r.output_hash);
  expect(new Set(hashes).size).toBe(1);
  const { outcomes } = await runLocally(slow, { ms: 'soon' });
  expect(errorOf(outcomes['slept'])).toMatchObject({
    type: 'InvalidWait',
    message: expect.stringContaining('"soon"'),
  });
});

test('in real time, a sleep takes its time and a cancel ends it', async () => {
  const brief = tapestry('brief', () => ({ slept: sleep({ ms: 60_000 }, { id: 'slept' }) }));
  const stop = new AbortController();
  const run = runLocally(brief, {}, { realTime: true, signal: stop.signal });
  setImmediate(() => stop.abort());
  expect((await run).outcomes['slept']).toEqual({ kind: 'skipped', reason: 'cancelled' });
  const begun = performance.now();
  const short = tapestry('short', () => ({ slept: sleep({ ms: 30 }, { id: 'slept' }) }));
  await runLocally(short, {}, { realTime: true });
  expect(performance.now() - begun).toBeGreaterThanOrEqual(29);
});

test('signals reach the waits of a nested tapestry', async () => {
  const outer = tapestry('outer', (t) => {
    const inner = subTapestry(
      { tapestry: approved, inputs: { x: t.parameter('x', z.number()) } },
      { id: 'inner' },
    );
    return { inner };
  });
  const { values } = await runLocally(outer, { x: 4 }, { signals: { approve: { by: 'eve' } } });
  expect(values).toEqual({ inner: { line: 'report 4, approved by eve' } });
});

test('a replacement stands in for the wait', async () => {
  const { values } = await runLocally(
    approved,
    { x: 1 },
    { replace: { approval: () => ({ by: 'nobody' }) } },
  );
  expect(values).toEqual({ line: 'report 1, approved by nobody' });
});

describe('what makes no sense is refused when it is placed', () => {
  const placed = (place: () => unknown) => () => tapestry('t', () => void place());
  test.each([
    ['no schema', placed(() => waitForSignal('a', undefined as never, { id: 'a' })), 'InvalidConfig'],
    ['a bad name', placed(() => waitForSignal('no way', z.any(), { id: 'a' })), 'InvalidName'],
    ['a timeout of 0', placed(() => waitForSignal('a', z.any(), { id: 'a', timeout: 0 })), 'InvalidConfig'],
    ['a retry', placed(() => sleep({ ms: 5 }, { id: 'a', retry: {} } as never)), 'InvalidConfig'],
    ['a negative sleep', placed(() => sleep({ ms: -1 }, { id: 'a' })), 'InvalidConfig'],
    ['a time that is none', placed(() => waitUntil({ time: new Date(NaN) }, { id: 'a' })), 'InvalidConfig'],
    [
      'an input that is no knot',
      placed(() => sleep({ ms: 1, input: 5 as never }, { id: 'a' })),
      'InvalidConfig',
    ],
    [
      'an after that is no list',
      placed(() => sleep({ ms: 1, after: 5 as never }, { id: 'a' })),
      'InvalidConfig',
    ],
  ])('%s', (_what, place, code) => {
    expect(place).toThrow(expect.objectContaining({ code }));
  });
});
