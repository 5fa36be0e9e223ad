import { z } from 'zod';
import {
  Retryable,
  Terminal,
  knot,
  local,
  queue,
  runLocally,
  tapestry,
  type Dispatcher,
  type KnotContext,
  type KnotOptions,
} from '../../src';
import type { LineageRecord } from '../../src/ports';
import { historyOf, scheduledActivities } from '../support/history';
import { selvageForAll } from '../support/open-selvage';
import { until } from '../support/until';

/** When bodies were called, by run and knot. */
const calls = new Map<string, number[]>();

function called({ runId, knotId }: KnotContext): number {
  const times = [...(calls.get(`${runId}/${knotId}`) ?? []), Date.now()];
  calls.set(`${runId}/${knotId}`, times);
  return times.length;
}

/** Throws in the attempts before this one, and has its number as value. */
const endsInAttempt = knot('ends-in-attempt', ({ end }: { end: number }, ctx) => {
  called(ctx);
  if (ctx.attempt < end) throw new Error(`not in attempt ${ctx.attempt}`);
  return ctx.attempt;
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
const unencodable = knot('unencodable', () => ({ inner: { callback: () => 1 } }) as unknown as number);
const illTyped = knot('ill-typed', { output: z.number() }, () => 'seven' as unknown as number);
const four = knot('four', () => 4);
const strict = knot('strict', { input: z.object({ x: z.number().max(3) }) }, ({ x }) => x);
const throwsText = knot('throws-text', (): number => {
  // A body may throw anything.
  // eslint-disable-next-line @typescript-eslint/only-throw-error
  throw 'only a text';
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
    unencodable({}, { id: 'unencodable' });
    illTyped({}, { id: 'ill-typed' });
    strict({ x: four({}, { id: 'four' }) }, { id: 'strict', ...retry(5) });
    throwsText({}, { id: 'throws-text' });
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
  unencodable: ['err', 'NotEncodable', 1],
  'ill-typed': ['err', 'InvalidOutput', 1],
  four: ['ok', undefined, 1],
  strict: ['err', 'InvalidInput', 1],
  'throws-text': ['err', 'string', 1],
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

const remembers = knot('remembers', (_: object, ctx) => {
  const before = ctx.lastHeartbeat as { done: number } | undefined;
  ctx.heartbeat({ done: (before?.done ?? 0) + 1 });
  if (ctx.attempt < 3) throw new Error('again');
  return before!.done;
});
const keys = knot('keys', (_: object, ctx) => {
  if (ctx.attempt < 3) throw new Error(ctx.idempotencyKey);
  return ctx.idempotencyKey;
});
const remembering = tapestry('remembering', { knots: retry(3) }, () => ({
  done: remembers({}, { id: 'remembers' }),
  key: keys({}, { id: 'keys' }),
}));

/** Longer than a segment waits. */
const LONG = 10_500;
const asks = knot('asks', (_: object, ctx): number => {
  throw new Retryable(`call ${called(ctx)}`, { after: LONG });
});
const asking = tapestry('asking', { knots: { dispatcher: local() } }, () => {
  asks({}, { id: 'asks', retry: { maximumAttempts: 2 } });
  return { beside: endsInAttempt({ end: endsInAttempt({ end: 1 }, { id: 'first' }) }, { id: 'second' }) };
});

const shared = selvageForAll({ tapestries: [onQueue, inSegments, remembering, asking] });

test('retries, timeouts, Terminal, Retryable and what cannot be mended, in process', async () => {
  expect(told((await runLocally(onQueue, {})).lineage)).toEqual(EXPECTED);
});

test.each([
  ['on a queue', onQueue],
  ['in segments', inSegments],
])('come to the same %s', async (_, work) => {
  const run = await shared().start(work, {});
  await run.result();
  const items = await run.lineage();
  expect(told(items)).toEqual(EXPECTED);
  // Each is on record once, and no body was called when its attempts were spent.
  expect(items).toHaveLength(Object.keys(EXPECTED).length);
  expect(calls.get(`${run.runId}/spent`)).toHaveLength(3);
  const activities = scheduledActivities(await historyOf(shared(), run.runId));
  const alone = activities.filter(({ type }) => type !== 'selvage.segment').map(({ id }) => id);
  if (work === inSegments) expect(alone).toEqual(['limited']);
});

test('an attempt sees what the one before gave to heartbeat, under the same idempotency key', async () => {
  const run = await shared().start(remembering, {});
  const description = await shared().client.workflow.getHandle(run.runId).describe();
  expect(await run.values()).toEqual({ done: 2, key: `${run.runId}/${description.runId}/keys` });
});

test('a back-off too long for a segment goes on as the server’s, with the throws so far counted', async () => {
  const run = await shared().start(asking, {});
  await until('the others are done', async () => (await run.status()).live?.counts.ok === 2);
  expect((await run.result()).outcomes).toMatchObject({
    asks: { kind: 'err', error: { message: 'call 2' } },
    second: { kind: 'ok', value: 1 },
  });
  const [first, second] = calls.get(`${run.runId}/asks`)!;
  expect(second! - first!).toBeGreaterThan(LONG - 100);
  const activities = scheduledActivities(await historyOf(shared(), run.runId));
  expect(activities.filter(({ type }) => type !== 'selvage.segment').map(({ id }) => id)).toEqual(['asks']);
});
