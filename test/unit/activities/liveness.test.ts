import { ActivityCompletionError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { createInMemoryBackends, nodeSha256 } from '../../../src/backends';
import type { Envelope } from '../../../src/scheduler';
import { hashText } from '../../../src/values';
import { knot, map, tapestry, type KnotContext } from '../../../src';
import { KnotActivities, failureOf, one } from '../../support/knot-activity';
import { Latch, aborted } from '../../support/latch';
import { SwitchableBackends } from '../../support/switchable-backends';
import { until } from '../../support/until';

/** An attempt of it, once its body has begun. */
async function begun(
  end: (ctx: KnotContext) => unknown = ({ signal }) => aborted(signal),
  options: object = {},
) {
  const began = new Latch();
  const body = async (_: object, ctx: KnotContext) => {
    began.open();
    return await end(ctx);
  };
  const activities = await KnotActivities.of(one(body, options));
  const attempt = activities.start('knot');
  await began.passed;
  return { activities, ...attempt };
}

afterEach(() => jest.restoreAllMocks());

describe('a refusal', () => {
  test('counts as one, is tried again without bound, and says why the knot waits', async () => {
    const line = new SwitchableBackends(createInMemoryBackends());
    const body = jest.fn(() => 'done');
    const activities = await KnotActivities.of(one(body), { backends: line.backends });
    line.inflict({ code: 'BackendUnavailable', only: ['tapestryStore.get'] });
    let handedOn: unknown;
    for (let attempt = 1; attempt <= 6; attempt++) {
      const refused = await activities.failure('knot', { attempt, heartbeatDetails: handedOn });
      expect(refused.failure).toMatchObject({ type: 'BackendUnavailable', nonRetryable: false });
      handedOn = refused.handedOn;
      expect(handedOn).toMatchObject({ throws: 0, refusals: attempt });
    }
    expect(activities.warnings[0]).toMatch(/"knot" waits: .*tapestryStore\.get/);
    line.mend();
    expect(body).not.toHaveBeenCalled();
    expect(await activities.run('knot', { attempt: 7, heartbeatDetails: handedOn })).toEqual({
      value: 'done',
    });
  });

  test('is what a worker answers that does not have the body, and names it', async () => {
    const other = tapestry('other', () => void knot('else', () => 1)({}, { id: 'x' }));
    const activities = await KnotActivities.of(
      one(() => 1),
      { registered: [other] },
    );
    const { failure } = await activities.failure('knot');
    expect(failure).toMatchObject({ type: 'BodyMissing', nonRetryable: false });
    expect(failure.message).toMatch(/"body".*"knot".*"selvage"/);
    expect(await activities.record('knot')).toBeUndefined();
  });

  test('is what a worker with other code answers for a knot that waits for its own, and names both', async () => {
    const old = () => 'old';
    const edited = () => 'new';
    const asked = { onCodeChange: 'wait' };
    const activities = await KnotActivities.of(one(old, asked), { registered: [one(edited, asked)] });
    const { failure, handedOn } = await activities.failure('knot');
    expect(failure).toMatchObject({ type: 'CodeChanged', nonRetryable: false });
    const hashes = [old, edited].map((body) => hashText(body.toString(), nodeSha256));
    expect(failure.message).toMatch(new RegExp(`"body".*"knot".*${hashes.join('.*')}.*"selvage"`));
    expect(handedOn).toMatchObject({ throws: 0, refusals: 1 });
    expect(await activities.record('knot')).toBeUndefined();
  });

  test('for want of the body comes back quickly at first, for another worker may have it', async () => {
    const activities = await KnotActivities.of(
      one(() => 1),
      { registered: [] },
    );
    const delays: unknown[] = [];
    for (const refusals of [0, 1, 99, 100, 101, 107, 108, 2_000]) {
      const heartbeatDetails = { throws: 0, refusals };
      const { failure } = await activities.failure('knot', { attempt: refusals + 1, heartbeatDetails });
      delays.push(failure.nextRetryDelay);
    }
    expect(delays).toEqual([200, 200, 200, 400, 800, 30_000, 30_000, 30_000]);
  });

  test('is not what other code comes to otherwise: it runs, and the record has its hash', async () => {
    const edited = () => 'new';
    const activities = await KnotActivities.of(
      one(() => 'old'),
      { registered: [one(edited, { onCodeChange: 'wait' })] },
    );
    expect(await activities.run('knot')).toEqual({ value: 'new' });
    expect(await activities.record('knot')).toMatchObject({
      code_hash: hashText(edited.toString(), nodeSha256),
    });
  });

  test.each(['WORKER_SHUTDOWN', 'TIMED_OUT', 'NOT_FOUND', 'PAUSED'] as const)(
    'is what a body comes to that was told to stop for %s',
    async (reason) => {
      const { activities, mock, answer, heartbeats } = await begun();
      mock.cancel(reason);
      await expect(answer).rejects.toMatchObject({ type: 'WorkerShutdown', nonRetryable: false });
      expect(heartbeats.at(-1)).toMatchObject({ throws: 0, refusals: 1 });
      expect(await activities.record('knot')).toBeUndefined();
    },
  );
});

test('a shutdown hands back a body that goes on, whatever its grace, so that no worker counts as lost', async () => {
  const { activities, mock, answer, heartbeats } = await begun(() => new Promise(() => {}), {
    cancelGrace: 600_000,
  });
  mock.cancel('WORKER_SHUTDOWN');
  const now = performance.now.bind(performance);
  let ahead = 0;
  // Each look at the clock is half a minute later than the last.
  jest.spyOn(performance, 'now').mockImplementation(() => now() + (ahead += 30_000));
  await expect(answer).rejects.toMatchObject({ type: 'WorkerShutdown', nonRetryable: false });
  expect(heartbeats.at(-1)).toMatchObject({ throws: 0, refusals: 1 });
  expect(await activities.record('knot')).toBeUndefined();
});

describe('a cancel', () => {
  test('ends a body that heeds it as cancelled; settling records that', async () => {
    const { activities, mock, answer } = await begun();
    mock.cancel();
    await expect(answer).rejects.toBeInstanceOf(CancelledFailure);
    expect(await activities.record('knot')).toBeUndefined();
  });

  test('leaves a body that ends within its grace its outcome', async () => {
    const { activities, mock, answer } = await begun(({ signal }) => aborted(signal).catch(() => 'in time'));
    mock.cancel();
    expect(await answer).toEqual({ value: 'in time' });
    expect(await activities.record('knot')).toMatchObject({ outcome: 'ok' });
  });

  test('gives up a body that goes on after its grace', async () => {
    const { mock, answer } = await begun(() => new Promise(() => {}), { cancelGrace: 5 });
    mock.cancel();
    await expect(answer).rejects.toBeInstanceOf(CancelledFailure);
  });

  test('of an attempt that could not work is a cancel: the server would take a refusal for the end', async () => {
    const line = new SwitchableBackends(createInMemoryBackends());
    const activities = await KnotActivities.of(
      one(() => 1),
      { backends: line.backends },
    );
    const cut = new Latch();
    line.inflict({ until: cut.passed, only: ['tapestryStore.get'] });
    const { mock, answer } = activities.start('knot', { attempt: 2 });
    line.inflict({ code: 'BackendUnavailable', only: ['runHistory.getRecords'] });
    mock.cancel();
    cut.open();
    await expect(answer).rejects.toBeInstanceOf(CancelledFailure);
  });
});

describe('lost workers', () => {
  test.each([
    ['3 workers', 6, { throws: 1, refusals: 1, among: 1 }],
    ['20 workers', 21, undefined],
  ])(
    'are what neither throws nor refusals explain; after %s the knot fails without being run',
    async (lost, attempt, heartbeatDetails) => {
      const body = jest.fn(() => 'alive');
      const activities = await KnotActivities.of(one(body));
      const { failure } = await activities.failure('knot', { attempt, heartbeatDetails });
      expect(failure).toMatchObject({ type: 'WorkerLost', nonRetryable: true });
      expect(failure.message).toMatch(new RegExp(`^${lost}.*"knot"`));
      expect(body).not.toHaveBeenCalled();
      expect(await activities.record('knot')).toMatchObject({ outcome: 'err', attempt });
    },
  );

  test.each([
    [3, undefined],
    [4, { throws: 1, refusals: 0 }],
    [9, { throws: 0, refusals: 6 }],
    [4, { throws: 0, refusals: 0, among: 2 }],
    [20, undefined],
  ])('attempt %d after %j runs', async (attempt, heartbeatDetails) => {
    const activities = await KnotActivities.of(one(() => 'alive'));
    expect(await activities.run('knot', { attempt, heartbeatDetails })).toEqual({ value: 'alive' });
  });

  test('are no sign that a map kills them whose elements have ended: it calls no body', async () => {
    const list = knot('list', (): number[] => []);
    const each = knot('each', ({ x }: { x: number }) => x);
    const work = tapestry(
      'work',
      () => void map({ over: list({}, { id: 'list' }), each, bind: 'x' }, { id: 'all' }),
    );
    const activities = await KnotActivities.of(work);
    const parent = (await activities.run('list')) as Envelope;
    const heartbeatDetails = { throws: 0, refusals: 0, among: 1 };
    const options = { heartbeatDetails, parents: [parent], map: { count: 0 } };
    expect(await activities.run('all', { ...options, attempt: 20 })).toEqual({ value: [] });
    const others = await KnotActivities.of(work);
    const { failure } = await others.failure('all', { ...options, attempt: 21 });
    expect(failure.message).toMatch(/^20 workers were lost while they put the list of map "all" together/);
    // After three lost workers, a part of the list was kept.
    const gotOn = { ...heartbeatDetails, user: [hashText('a part', nodeSha256)], lostAtProgress: 3 };
    const later = await KnotActivities.of(work);
    const end = await later.failure('all', { ...options, heartbeatDetails: gotOn, attempt: 24 });
    expect(end.failure.message).toMatch(/^23 workers were lost/);
    const sooner = await KnotActivities.of(work);
    expect(await sooner.run('all', { ...options, heartbeatDetails: gotOn, attempt: 23 })).toEqual({
      value: [],
    });
  });

  test('reading the inputs may be what kills them: it is not done again', async () => {
    const line = new SwitchableBackends(createInMemoryBackends());
    const source = knot('source', () => 'x'.repeat(3_000));
    const use = knot('use', ({ text }: { text: string }) => text.length);
    const work = tapestry('work', () => void use({ text: source({}, { id: 'source' }) }, { id: 'use' }));
    const activities = await KnotActivities.of(work, { backends: line.backends });
    const parent = (await activities.run('source')) as { hash: string; size: number };
    line.inflict({ code: 'BackendUnavailable', only: ['dataStore.getMany', 'dataStore.get'] });
    const { failure } = await activities.failure('use', {
      attempt: 4,
      heartbeatDetails: { throws: 0, refusals: 0, among: 1 },
      parents: [parent],
    });
    expect(failure.type).toBe('WorkerLost');
    expect(await activities.record('use')).toMatchObject({ parent_input_hashes: { text: parent.hash } });
    expect(line.hit).toEqual([]);
  });
});

describe('knots that have lost two workers', () => {
  /** Knots that run until they may end. */
  async function several(names: readonly string[]) {
    const begun: string[] = [];
    const end = new Latch();
    const runs = knot('runs', async (_: object, { knotId }) => {
      begun.push(knotId);
      await end.passed;
    });
    const work = tapestry('work', () => {
      for (const name of names) runs({}, { id: name });
    });
    const activities = await KnotActivities.of(work);
    const start = (name: string, among?: number, hear?: () => Promise<void>) =>
      activities.start(name, {
        attempt: 3,
        ...(among && { heartbeatDetails: { throws: 0, refusals: 0, among } }),
        ...(hear && { hear }),
      });
    const starts = async (...[name, among, hear]: Parameters<typeof start>) => {
      const attempt = start(name, among, hear);
      await until(`${name} has begun`, () => begun.includes(name));
      return attempt;
    };
    return { begun, end, start, starts };
  }

  function setClock() {
    const now = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now');
    return (ms: number) => void clock.mockImplementation(() => now() + ms);
  }

  test('run one by one; the others say for which they wait, and soon come back', async () => {
    const { end, start, starts, begun } = await several(['a', 'b']);
    const { answer, heartbeats } = await starts('a');
    expect(heartbeats.at(-1)).toMatchObject({ among: 1 });
    const { failure, handedOn } = await failureOf(start('b'));
    expect(failure).toMatchObject({
      type: 'Quarantined',
      nonRetryable: false,
      nextRetryDelay: expect.any(Number),
    });
    expect(failure.message).toMatch(/"b" waits for knot "a"/);
    expect(failure.nextRetryDelay).toBeLessThan(1_000);
    expect(handedOn).toMatchObject({ throws: 0, refusals: 1 });
    expect(begun).toEqual(['a']);
    end.open();
    await answer;
    await start('b').answer;
  });

  test('run beside others when that takes long, twice as many every ten seconds; the server knows among how many', async () => {
    const { end, start, starts } = await several(['a', 'b', 'c', 'd']);
    const at = setClock();
    const a = await starts('a');
    at(10_000);
    const b = await starts('b');
    for (const { heartbeats } of [a, b]) expect(heartbeats.at(-1)).toMatchObject({ among: 2 });
    await expect(start('c').answer).rejects.toMatchObject({ type: 'Quarantined' });
    at(20_000);
    const c = await starts('c');
    const d = await starts('d');
    for (const { heartbeats } of [a, b, c, d]) expect(heartbeats.at(-1)).toMatchObject({ among: 4 });
    end.open();
    await Promise.all([a, b, c, d].map(({ answer }) => answer));
  });

  test('and another among some of them, run among half as many', async () => {
    const { end, start, starts } = await several(['a', 'b', 'c']);
    const at = setClock();
    const a = await starts('a', 3);
    at(20_000);
    const b = await starts('b', 4);
    await expect(start('c').answer).rejects.toMatchObject({ type: 'Quarantined' });
    end.open();
    await Promise.all([a, b].map(({ answer }) => answer));
  });

  test('and another beside one of them, run alone', async () => {
    const { end, start, starts } = await several(['a', 'b']);
    const at = setClock();
    const a = await starts('a', 2);
    at(60_000);
    await expect(start('b').answer).rejects.toMatchObject({ type: 'Quarantined' });
    end.open();
    await a.answer;
  });

  test('do not begin beside one of which the server cannot be told that it is not alone any more, but when that one has ended', async () => {
    const { end, start, starts, begun } = await several(['a', 'b']);
    const at = setClock();
    let isAway = false;
    const hear = async (): Promise<void> => {
      if (isAway) throw new ActivityCompletionError('connection lost');
    };
    const a = await starts('a', undefined, hear);
    at(10_000);
    isAway = true;
    await expect(start('b').answer).rejects.toMatchObject({ type: 'ServerUnreachable' });
    expect(begun).toEqual(['a']);
    end.open();
    await a.answer;
    await start('b').answer;
    expect(begun).toEqual(['a', 'b']);
  });
});

describe('heartbeats', () => {
  test('hand what the body gives to the next attempt, with the counts', async () => {
    const found: unknown[] = [];
    const retry = { maximumAttempts: 2, initialInterval: 1 };
    const activities = await KnotActivities.of(
      one(
        (_, ctx) => {
          found.push(ctx.lastHeartbeat);
          ctx.heartbeat({ at: new Date(7) });
          if (ctx.attempt === 1) throw new Error('again');
        },
        { retry },
      ),
    );
    const { handedOn } = await activities.failure('knot');
    expect(handedOn).toMatchObject({
      throws: 1,
      refusals: 0,
      user: { at: { $type: 'date', value: new Date(7).toISOString() } },
    });
    await activities.run('knot', { attempt: 2, heartbeatDetails: handedOn });
    expect(found).toEqual([undefined, { at: new Date(7) }]);
  });

  test.each([
    ['what cannot be encoded', () => 1],
    ['what the server could not keep', 'x'.repeat(9_000)],
  ])('%s fails in the body that gives it', async (_, details) => {
    const activities = await KnotActivities.of(one((_inputs, ctx) => ctx.heartbeat(details)));
    const { failure, handedOn } = await activities.failure('knot');
    expect(failure).toMatchObject({ type: 'NotEncodable', nonRetryable: true });
    expect(handedOn).toMatchObject({ throws: 1, refusals: 0 });
  });
});

test('a body that blocks the process is named, with what to do', async () => {
  const now = performance.now.bind(performance);
  const clock = jest.spyOn(performance, 'now');
  const activities = await KnotActivities.of(
    one(() => {
      // As if it had computed for 8 s without letting anything else happen.
      clock.mockImplementation(() => now() + 8_000);
    }),
  );
  await activities.run('knot');
  expect(activities.warnings).toHaveLength(1);
  expect(activities.warnings[0]).toMatch(/blocked for [67]\.\d s.*"knot".*worker thread/);
});

test('a body that blocks the process is named also when it has ended and another one has not', async () => {
  const now = performance.now.bind(performance);
  const clock = jest.spyOn(performance, 'now');
  const end = new Latch();
  const idles = knot('idles', () => end.passed);
  const blocks = knot('blocks', () => void clock.mockImplementation(() => now() + 8_000));
  const activities = await KnotActivities.of(
    tapestry('work', () => {
      idles({}, { id: 'idle' });
      blocks({}, { id: 'blocking' });
    }),
  );
  const { answer } = activities.start('idle');
  await activities.run('blocking');
  end.open();
  await answer;
  expect(activities.warnings).toEqual([expect.stringMatching(/knot "blocking".*, knot "idle"/)]);
});

test('a clock that is set does not look like a blocked process, nor keep heartbeats back', async () => {
  const now = Date.now.bind(Date);
  const clock = jest.spyOn(Date, 'now');
  const isSet = new Latch();
  const activities = await KnotActivities.of(
    one(async () => {
      clock.mockImplementation(() => now() - 3_600_000);
      await isSet.passed;
      clock.mockImplementation(() => now() + 3_600_000);
    }),
  );
  const { answer, heartbeats } = activities.start('knot');
  await until('a heartbeat comes', () => heartbeats.length > 0);
  isSet.open();
  await answer;
  expect(activities.warnings).toEqual([]);
});

test('a body that waits is not', async () => {
  const activities = await KnotActivities.of(one(() => new Promise((resolve) => setImmediate(resolve))));
  await activities.run('knot');
  expect(activities.warnings).toEqual([]);
});
