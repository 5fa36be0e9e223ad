/**
 * The project of scripts/make-kept-project.ts: runs that are over, and runs that stand at each kind of place when its processes are killed. With
 * HOLD=true bodies stop at such places; without it, all of them end.
 */
import { appendFileSync } from 'node:fs';
import {
  daily,
  emitter,
  FileTailSource,
  knot,
  local,
  map,
  reduce,
  schedule,
  sleep,
  stream,
  subTapestry,
  tapestry,
  waitForSignal,
  waitUntil,
} from 'selvage';
import { z } from 'zod';

const isHeld = process.env['HOLD'] === 'true';
/** Longer than making the project takes, and over when a later build opens it. */
const SHORTLY = 5 * 60_000;

const note = (file: string, line: string): void => appendFileSync(file, `${line}\n`);
/** Notes that a body has been called; `where` it is held, it never returns. */
async function call(what: string, where = false): Promise<void> {
  note('calls.log', isHeld && where ? `held: ${what}` : what);
  if (isHeld && where) await new Promise(() => setInterval(() => undefined, 60_000));
}

const double = knot('double', async ({ n }: { n: number }) => {
  await call(`double ${n}`);
  return n * 2;
});
const refuse = knot('refuse', ({ n }: { n: number }): number => {
  throw new RangeError(`${n} is refused`);
});
const n = z.number();

export const ok = tapestry('ok', { parameters: { n } }, (_t, { n }) => ({
  doubled: double({ n }, { id: 'doubled' }),
}));
export const failing = tapestry('failing', { parameters: { n } }, (_t, { n }) => ({
  refused: refuse({ n }, { id: 'refused' }),
}));
export const partial = tapestry('partial', { parameters: { n }, failOn: 'never' }, (_t, { n }) => {
  const refused = refuse({ n }, { id: 'refused' });
  return { doubled: double({ n }, { id: 'doubled' }), skipped: double({ n: refused }, { id: 'skipped' }) };
});

const publish = knot(
  'publish',
  ({ doubled, approval }: { doubled: number; approval: { by: string } }) => `${doubled} by ${approval.by}`,
);
export const approved = tapestry('approved', { parameters: { n } }, (_t, { n }) => {
  const doubled = double({ n }, { id: 'doubled' });
  const approval = waitForSignal('approve', z.object({ by: z.string() }), {
    id: 'approval',
    after: [doubled],
  });
  return { line: publish({ doubled, approval }, { id: 'line' }) };
});

export const timed = tapestry('timed', { parameters: { n } }, (_t, { n }) => {
  const doubled = double({ n }, { id: 'doubled' });
  return { later: sleep({ ms: SHORTLY, input: doubled }, { id: 'later' }) };
});
export const distant = tapestry('distant', { parameters: { n } }, (_t, { n }) => {
  const doubled = double({ n }, { id: 'doubled' });
  return { later: waitUntil({ time: new Date('2200-01-01'), input: doubled }, { id: 'later' }) };
});

const numbers = knot('numbers', () => Array.from({ length: 20 }, (_, index) => index));
const square = knot('square', async ({ n }: { n: number }) => {
  await call(`square ${n}`, n === 7);
  return n * n;
});
export const mapped = tapestry('mapped', { knots: { dispatcher: local() } }, () => {
  const squares = map(
    { over: numbers({}, { id: 'numbers' }), each: square, bind: 'n', concurrency: 1 },
    { id: 'squares' },
  );
  return { sum: reduce({ of: squares, fold: (sum, n) => sum + n, initial: 0 }, { id: 'sum' }) };
});

const inner = tapestry('inner', { parameters: { n } }, (_t, { n }) => {
  const doubled = double({ n }, { id: 'doubled' });
  const approval = waitForSignal('approve', z.object({ by: z.string() }), {
    id: 'approval',
    after: [doubled],
  });
  return { line: publish({ doubled, approval }, { id: 'line' }) };
});
export const outer = tapestry('outer', { parameters: { n } }, (_t, { n }) => ({
  inner: subTapestry({ tapestry: inner, inputs: { n } }, { id: 'inner' }),
}));

const flaky = knot('flaky', async ({ n }: { n: number }) => {
  await call(`flaky ${n}`);
  if (isHeld) throw new Error('not yet');
  return n + 1;
});
export const retried = tapestry('retried', { parameters: { n } }, (_t, { n }) => ({
  more: flaky({ n }, { id: 'more', retry: { maximumAttempts: 5, initialInterval: SHORTLY } }),
}));

const makeDay = knot('make-day', async ({ day }: { day: { key: string } }) => {
  await call(`day ${day.key}`, day.key >= '2024-01-04');
  return day.key;
});
export const days = tapestry(
  'days',
  { partition: daily('2024-01-01', { last: '2024-01-10' }) },
  (_t, { partition }) => ({ day: makeDay({ day: partition }, { id: 'day' }) }),
);

const readLine = knot('read-line', async ({ line }: { line: string }) => {
  await call(line, line === 'line 6');
  return line.toUpperCase();
});
export const oneLine = tapestry('one-line', { parameters: { line: z.string() } }, (_t, { line }) => ({
  read: readLine({ line }, { id: 'read' }),
}));
export const lines = stream(new FileTailSource({ path: 'lines.log' }), oneLine, {
  id: 'lines',
  parameter: 'line',
  order: 'all',
  concurrency: 4,
  onResult: ({ values }) => note('results.log', values.read),
});

export const yearly = schedule(ok, {
  id: 'yearly',
  cron: '@yearly',
  catchup: '10s',
  parameters: { n: 4 },
});

let heard = 0;
/** Refuses what failed; with HOLD=true, each process takes a few events and then fails. */
export const emitters = [
  emitter(
    'to-file',
    (events) => {
      if (isHeld && heard >= 20) throw new Error('the disk is full');
      heard += events.length;
      const isRefused = (event: (typeof events)[number]): boolean =>
        event.type === 'knot-finished' && event.record.outcome === 'err';
      for (const event of events) if (!isRefused(event)) note('heard.log', event.id);
      const rejected = events.filter(isRefused).map(({ id }) => ({ id, reason: 'an outcome that failed' }));
      return Promise.resolve({ rejected });
    },
    { from: 'beginning', batchSize: 10 },
  ),
];
