import { createInMemoryBackends } from '../../../src/backends';
import { unpackEnds } from '../../../src/scheduler';
import { knot, local, map, tapestry, type KnotContext } from '../../../src';
import { SelvageError } from '../../../src/errors';
import type { KnotEvent } from '../../../src/activities/observe';
import type { SegmentAnswer } from '../../../src/workflows/messages';
import { KnotActivities, RUN, failureOf } from '../../support/knot-activity';
import { Latch, aborted } from '../../support/latch';
import { SwitchableBackends } from '../../support/switchable-backends';

const source = knot('source', () => ({ list: [1, 2, 3] }));
const sum = knot('sum', ({ from }: { from: { list: number[] } }) => from.list.reduce((a, b) => a + b, 0));
const increment = knot('increment', ({ x }: { x: number }) => x + 1);

/** `source`, `sum` of it and `last`, each with the one before as parent. */
const chain = tapestry('chain', { knots: { dispatcher: local() } }, () => {
  const total = sum({ from: source({}, { id: 'source' }) }, { id: 'sum' });
  increment({ x: total }, { id: 'last' });
});
const CHAIN = ['source', 'sum', 'last'];

/** `first`, and `second`, whose body a test gives. */
function second(body: (inputs: { x: number }, ctx: KnotContext) => unknown) {
  return tapestry('pair', { knots: { dispatcher: local() } }, () => {
    const first = knot('first', () => 1)({}, { id: 'first' });
    knot('body', body)({ x: first }, { id: 'second' });
  });
}
const PAIR = ['first', 'second'];

const endsOf = (answer: unknown, count: number) => unpackEnds((answer as SegmentAnswer).ends, count);

test('runs its knots in order, records each, and answers what became of them', async () => {
  const heard: KnotEvent[] = [];
  const observer = { name: 'test', knotStarted: (event: KnotEvent) => void heard.push(event) };
  const activities = await KnotActivities.of(chain, { observers: [observer] });
  const answer = await activities.startSegment(CHAIN).answer;
  expect(endsOf(answer, 3)).toEqual(['ok', 'ok', 'ok']);
  expect(answer).toMatchObject({
    values: { source: { value: { list: [1, 2, 3] } }, sum: { value: 6 }, last: { value: 7 } },
  });
  expect(await activities.record('last')).toMatchObject({
    run_id: RUN.workflowId,
    temporal_run_id: RUN.runId,
    dispatcher: 'local',
    outcome: 'ok',
  });
  // The knots are heard, not the segment.
  expect(heard.map(({ knotId }) => knotId)).toEqual(CHAIN);
});

test('an attempt after a lost worker runs nothing: who may have been running goes alone, what is behind waits', async () => {
  const activities = await KnotActivities.of(chain);
  await activities.startSegment(['source']).answer;
  const answer = await activities.startSegment(CHAIN, { attempt: 2 }).answer;
  expect(endsOf(answer, 3)).toEqual(['ok', 'retryAlone', 'requeue']);
  expect(await activities.record('sum')).toBeUndefined();
});

test('a knot whose body this worker may not run goes alone, what is beside it runs, what is behind it waits', async () => {
  const triple = (body: (inputs: { x: number }) => number) =>
    tapestry('triple', { knots: { dispatcher: local() } }, () => {
      const first = knot('first', () => 1)({}, { id: 'first' });
      const waits = knot('body', body)({ x: first }, { id: 'waits', onCodeChange: 'wait' });
      increment({ x: waits }, { id: 'behind' });
      increment({ x: first }, { id: 'beside' });
    });
  const activities = await KnotActivities.of(
    triple(({ x }) => x + 1),
    { registered: [triple(({ x }) => x + 2)] },
  );
  const answer = await activities.startSegment(['first', 'waits', 'behind', 'beside']).answer;
  expect(endsOf(answer, 4)).toEqual(['ok', 'retryAlone', 'requeue', 'ok']);
  expect(await activities.record('waits')).toBeUndefined();
});

describe('an attempt that is told to stop', () => {
  const begun = async () => {
    const began = new Latch();
    const activities = await KnotActivities.of(
      second(async (_, { signal }) => {
        began.open();
        await aborted(signal);
      }),
    );
    const attempt = activities.startSegment(PAIR);
    await began.passed;
    return { activities, attempt };
  };

  test.each(['TIMED_OUT', 'NOT_FOUND', 'PAUSED'] as const)(
    'for %s is a refusal, and records no error of the bodies that it stopped',
    async (reason) => {
      const { activities, attempt } = await begun();
      attempt.mock.cancel(reason);
      const { failure, handedOn } = await failureOf(attempt);
      expect(failure).toMatchObject({ type: 'WorkerShutdown', nonRetryable: false });
      expect(handedOn).toEqual({ throws: 0, refusals: 1 });
      expect(await activities.record('first')).toMatchObject({ outcome: 'ok' });
      expect(await activities.record('second')).toBeUndefined();
    },
  );

  test.each(['CANCELLED', 'WORKER_SHUTDOWN'] as const)('for %s answers what is recorded', async (reason) => {
    const { activities, attempt } = await begun();
    attempt.mock.cancel(reason);
    expect(endsOf(await attempt.answer, 2)).toEqual(['ok', 'requeue']);
    expect(await activities.record('second')).toBeUndefined();
  });
});

describe('a body that throws', () => {
  test('what no one can send is cut', async () => {
    const activities = await KnotActivities.of(
      second(() => Promise.reject(new Error(`\ud83d${'x'.repeat(5_000_000)}`))),
    );
    const answer = await activities.startSegment(PAIR).answer;
    expect(endsOf(answer, 2)).toEqual(['ok', 'err']);
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(2 * 1024);
    const { extra } = (await activities.record('second'))!;
    expect(Buffer.byteLength(JSON.stringify(extra))).toBeLessThan(16 * 1024);
  });

  test('gets the error of what is too large to be handed on', async () => {
    const activities = await KnotActivities.of(
      second((_, ctx) => void ctx.heartbeat({ position: 'x'.repeat(9_000) })),
    );
    expect(await activities.startSegment(PAIR).answer).toMatchObject({
      failures: [{ knot: 'second', type: 'NotEncodable' }],
    });
  });
});

describe('the backends', () => {
  test('a commit that fails is a refusal of the whole attempt, counted once, and no failure of the knot', async () => {
    const real = createInMemoryBackends();
    const backends = { ...real, commit: () => Promise.reject(new TypeError('a defect of the adapter')) };
    const activities = await KnotActivities.of(
      second(() => 'fine'),
      { backends },
    );
    const { failure, handedOn } = await failureOf(activities.startSegment(PAIR));
    expect(failure).toMatchObject({ type: 'InternalError', nonRetryable: false });
    expect(handedOn).toEqual({ throws: 0, refusals: 1 });
    expect(await activities.record('first')).toBeUndefined();
  });

  test('what this worker has just committed is not read again', async () => {
    const line = new SwitchableBackends(createInMemoryBackends());
    const activities = await KnotActivities.of(chain, { backends: line.backends, inlineLimit: 0 });
    const { values } = (await activities.startSegment(['source']).answer) as SegmentAnswer;
    line.inflict({ code: 'BackendUnavailable', only: ['dataStore.getMany', 'dataStore.get'] });
    const answer = await activities.startSegment(['sum'], { parents: values }).answer;
    expect(endsOf(answer, 1)).toEqual(['ok']);
    expect(line.hit).toEqual([]);
  });

  test('a parent that is left out is found by its record, in a reset run by the one of before the reset', async () => {
    const before = await KnotActivities.of(chain);
    await before.run('source');
    const record = (await before.record('source'))!;
    const bytes = (await before.backends.dataStore.get(record.output_hash!))!;
    const after = await KnotActivities.of(chain);
    await after.backends.commit([
      {
        record: { ...record, temporal_run_id: 'temporal-run-0' },
        values: [{ hash: record.output_hash!, bytes }],
      },
    ]);
    const answer = await after.startSegment(['sum']).answer;
    expect(answer).toMatchObject({ values: { sum: { value: 6 } } });
    expect(await after.record('sum')).toMatchObject({ parent_input_hashes: { from: record.output_hash } });
  });

  test('a parent without a record ends the attempt, and says whose it is, so that it is made again', async () => {
    const activities = await KnotActivities.of(chain);
    const { failure } = await failureOf(activities.startSegment(['sum']));
    expect(failure).toMatchObject({ type: 'selvage.recordsLost', nonRetryable: true });
    expect(failure.message).toMatch(/"source"/);
  });
});

test('an element whose backend is away ends the attempt once the others have ended, which are not run again', async () => {
  const [away, end] = [new Latch(), new Latch()];
  const ran: string[] = [];
  let isAway = true;
  const double = knot('double', async ({ item }: { item: string }) => {
    ran.push(item);
    if (item === 'slow') return await end.passed.then(() => item);
    if (isAway) {
      away.open();
      throw new SelvageError('BackendUnavailable', 'The data store is away.');
    }
    return item;
  });
  const doubled = tapestry('doubled', { knots: { dispatcher: local() } }, () => {
    const list = knot('list', () => ['slow', 'away'])({}, { id: 'list' });
    map({ over: list, each: double, bind: 'item' }, { id: 'map' });
  });
  const activities = await KnotActivities.of(doubled);
  const first = activities.startSegment(['list', 'map']);
  await away.passed;
  setImmediate(() => end.open());
  const { failure, handedOn } = await failureOf(first);
  expect(failure).toMatchObject({ type: 'BackendUnavailable', nonRetryable: false });
  isAway = false;
  const again = { attempt: 2, heartbeatDetails: handedOn };
  const answer = await activities.startSegment(['list', 'map'], again).answer;
  expect(answer).toMatchObject({ values: { map: { value: ['slow', 'away'] } } });
  expect(ran).toEqual(['slow', 'away', 'away']);
});
