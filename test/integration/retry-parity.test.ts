import {
  Retryable,
  Terminal,
  knot,
  local,
  queue,
  runLocally,
  tapestry,
  type Dispatcher,
  type KnotOptions,
} from '../../src';
import type { LineageRecord } from '../../src/protocols';
import { closeAll, openSelvage } from '../support/open-selvage';

afterAll(closeAll);

/** Throws in the attempts before this one, and has its number as value. */
const endsInAttempt = knot('ends-in-attempt', ({ end }: { end: number }, { attempt }) => {
  if (attempt < end) throw new Error(`not in attempt ${attempt}`);
  return attempt;
});
const givesUpInAttempt = knot('gives-up-in-attempt', ({ end }: { end: number }, { attempt }): number => {
  if (attempt >= end) throw new Terminal('it is hopeless');
  throw new Error(`not in attempt ${attempt}`);
});
const asksForAttempt = knot('asks-for-attempt', ({ end }: { end: number }, { attempt }) => {
  if (attempt < end) throw new Retryable('in a moment', { after: 30 });
  return attempt;
});
const mistakes = knot('mistakes', (_: object): number => {
  throw new TypeError('a type is a type');
});
/** Until then it takes longer than it may. */
const inTimeInAttempt = knot('in-time-in-attempt', async ({ end }: { end: number }, { attempt, signal }) => {
  if (attempt >= end) return attempt;
  return await new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
});

const retry = (maximumAttempts: number, more = {}): KnotOptions => ({
  retry: { maximumAttempts, initialInterval: 10, ...more },
});

function matrix(name: string, dispatcher: Dispatcher) {
  return tapestry(name, { knots: { dispatcher } }, () => {
    endsInAttempt({ end: 1 }, { id: 'at-once' });
    endsInAttempt({ end: 2 }, { id: 'without-retry' });
    endsInAttempt({ end: 3 }, { id: 'in-the-last-attempt', ...retry(3) });
    endsInAttempt({ end: 9 }, { id: 'spent', ...retry(3) });
    givesUpInAttempt({ end: 2 }, { id: 'terminal', ...retry(5) });
    mistakes({}, { id: 'listed', ...retry(5, { nonRetryableErrors: ['TypeError'] }) });
    asksForAttempt({ end: 2 }, { id: 'retryable', ...retry(2, { initialInterval: 600_000 }) });
    asksForAttempt({ end: 9 }, { id: 'retryable-spent', ...retry(2) });
    asksForAttempt({ end: 2 }, { id: 'retryable-without-retry' });
    inTimeInAttempt({ end: 2 }, { id: 'timeout', timeout: 40 });
    inTimeInAttempt({ end: 2 }, { id: 'timeout-retried', timeout: 1_000, ...retry(2) });
    inTimeInAttempt({ end: 9 }, { id: 'timeout-spent', timeout: 40, ...retry(2) });
    endsInAttempt({ end: 2 }, { id: 'limited', maxConcurrent: 1, ...retry(2) });
  });
}

/** Outcome, type of the error, and attempt. */
const EXPECTED = {
  'at-once': ['ok', undefined, 1],
  'without-retry': ['err', 'Error', 1],
  'in-the-last-attempt': ['ok', undefined, 3],
  spent: ['err', 'Error', 3],
  terminal: ['err', 'Terminal', 2],
  listed: ['err', 'TypeError', 1],
  retryable: ['ok', undefined, 2],
  'retryable-spent': ['err', 'Retryable', 2],
  'retryable-without-retry': ['err', 'Retryable', 1],
  timeout: ['err', 'BodyTimeout', 1],
  'timeout-retried': ['ok', undefined, 2],
  'timeout-spent': ['err', 'BodyTimeout', 2],
  limited: ['ok', undefined, 2],
};

function told(records: readonly LineageRecord[]): object {
  return Object.fromEntries(
    records.map(({ knot_id: id, outcome, attempt, extra }) => [
      id,
      [outcome, (extra as { error?: { type: string } }).error?.type, attempt],
    ]),
  );
}

const onQueue = matrix('retries-on-queue', queue());
const inSegments = matrix('retries-in-segments', local());

test('retries, timeouts, Terminal and Retryable come to the same in process', async () => {
  expect(told((await runLocally(onQueue, {})).lineage)).toEqual(EXPECTED);
});

test.each([
  ['on a queue', onQueue],
  ['in segments', inSegments],
])('and %s', async (_, work) => {
  const selvage = await openSelvage({ tapestries: [work] });
  const run = await selvage.start(work, {});
  await run.result();
  expect(told((await run.lineage()).items)).toEqual(EXPECTED);
});
