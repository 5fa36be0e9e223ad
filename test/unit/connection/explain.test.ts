import { z } from 'zod';
import { sleep, tapestry, waitForSignal, waitUntil } from '../../../src';
import { dueQueues } from '../../../src/connection/explain/activity-reason';
import type {
  PendingActivity,
  QueuePollers,
  RunFacts,
  WorkflowTaskFacts,
} from '../../../src/connection/explain/facts';
import { explainElement, explain } from '../../../src/connection/explain/explain';
import { compile, layoutOf } from '../../../src/plan';
import { recordOf } from '../../../src/authoring';
import { NEWEST_BEHAVIOUR, requireKnownBehaviour } from '../../../src/workflows/behaviours';
import { chain, fanWithSum, localWhere, tapestryOf } from '../../support/tapestry-records';

const NOW = 1_000_000;
const id = (knot: number): string => `k${String(knot).padStart(5, '0')}`;

/** Knots by number; everything else is quiet. */
function factsOf(
  parentsOf: readonly (readonly number[])[],
  given: Partial<Omit<RunFacts, 'outcomes'>> & { ok?: number[]; notOk?: number[] } = {},
  isLocal?: (knot: number) => boolean,
): RunFacts {
  const { ok = [], notOk = [], ...more } = given;
  return {
    layout: layoutOf(compile(tapestryOf(parentsOf, 0, isLocal && localWhere(isLocal))).plan),
    outcomes: new Map([
      ...ok.map((knot) => [id(knot), true] as const),
      ...notOk.map((knot) => [id(knot), false] as const),
    ]),
    workflowTask: { taskQueue: 'queue', isPaused: false },
    activities: [],
    childRuns: new Map(),
    pollers: new Map([['queue', { alive: ['w'], lastPollAt: NOW - 1_000 }]]),
    isHistoryFull: false,
    now: NOW,
    ...more,
  };
}

/** A workflow task that no worker has taken. */
function untaken(task: Partial<NonNullable<WorkflowTaskFacts['task']>>): WorkflowTaskFacts {
  return { taskQueue: 'queue', isPaused: false, task: { attempt: 1, isStarted: false, ...task } };
}

const activity = (knot: number, more: Partial<PendingActivity> = {}): PendingActivity => ({
  id: id(knot),
  type: 'step',
  state: 'scheduled',
  attempt: 1,
  taskQueue: 'queue',
  scheduledAt: NOW - 500,
  ...more,
});
const segment = (first: number, more: Partial<PendingActivity> = {}): PendingActivity =>
  activity(first, {
    id: `selvage.segment:1:${id(first)}`,
    type: 'selvage.segment',
    state: 'started',
    worker: 'w',
    ...more,
  });

const codes = (given: RunFacts): Record<string, string> =>
  Object.fromEntries(explain(given).knots.map(({ knotId, reason }) => [knotId, reason.code]));
const only = (pending: PendingActivity, more: Partial<RunFacts> = {}) =>
  explain(factsOf([[]], { activities: [pending], ...more })).knots[0]!;

describe('what is unfinished', () => {
  test('is what has no record, but for what is skipped for its parents', () => {
    const { total, unfinished, knots } = explain(
      factsOf([[], [], [0], [1], [3], [2, 4]], { ok: [0], notOk: [1], activities: [activity(2)] }),
    );
    expect({ total, unfinished }).toEqual({ total: 6, unfinished: 2 });
    // Both parents must be settled before it is skipped.
    expect(knots.map(({ knotId }) => knotId)).toEqual([id(2), id(5)]);
  });

  test('is a knot below a failure that receives it, but not one that requires its parents', () => {
    const policies = { 1: 'receiveErrors', 2: 'requireAllParents' } as const;
    const layout = layoutOf(
      compile(
        tapestryOf([[], [0], [0], [1]], 0, (knot) =>
          knot in policies ? { errorPolicy: policies[knot as 1 | 2] } : {},
        ),
      ).plan,
    );
    expect(codes({ ...factsOf([[]], { notOk: [0] }), layout })).toEqual({
      [id(1)]: 'NextWorkflowTask',
      [id(3)]: 'Parents',
    });
  });

  test('an outcome that was taken over counts before its parents', () => {
    expect(codes(factsOf(chain(3), { ok: [1], activities: [activity(0)] }))).toEqual({
      [id(0)]: 'Queued',
      [id(2)]: 'NextWorkflowTask',
    });
  });

  test('of before a reset counts what does not run again', () => {
    const outcomesBefore = new Map([0, 1, 2].map((knot) => [id(knot), true]));
    expect(codes(factsOf(chain(3), { outcomesBefore, activities: [activity(1)] }))).toEqual({
      [id(1)]: 'Queued',
      [id(2)]: 'Parents',
    });
  });
});

describe('a pending activity', () => {
  test('that runs: since when, on which worker, heard of when', () => {
    const started = { state: 'started', worker: 'w', startedAt: NOW - 9_000 } as const;
    expect(only(activity(0, { ...started, lastHeartbeatAt: NOW - 2_000 }))).toEqual({
      knotId: id(0),
      state: 'running',
      reason: { code: 'Running', message: 'runs on worker w' },
      attempt: 1,
      taskQueue: 'queue',
      worker: 'w',
      since: NOW - 9_000,
      lastHeartbeatAt: NOW - 2_000,
    });
    // A heartbeat of the attempt before says nothing of this one.
    expect(only(activity(0, { ...started, lastHeartbeatAt: NOW - 10_000 }))).not.toHaveProperty(
      'lastHeartbeatAt',
    );
  });

  test('that runs again says why the attempt before ended, and whether its worker is silent', () => {
    const { reason } = only(
      activity(0, {
        state: 'started',
        attempt: 3,
        worker: 'w',
        startedAt: NOW - 40_000,
        lastHeartbeatAt: NOW - 20_000,
        lastFailure: { code: 'BodyThrew', message: 'TypeError: no' },
      }),
    );
    expect(reason.message).toBe(
      'runs on worker w, which has not been heard of lately and may be gone; the attempt before: TypeError: no',
    );
  });

  test('that is tried again later has its last failure as the reason', () => {
    const lastFailure = { code: 'BodyMissing', message: 'no such definition' } as const;
    expect(only(activity(0, { attempt: 4, nextAttemptAt: NOW + 12_000, lastFailure, worker: 'w' }))).toEqual({
      knotId: id(0),
      state: 'retrying',
      reason: lastFailure,
      attempt: 4,
      taskQueue: 'queue',
      worker: 'w',
      nextAttemptAt: NOW + 12_000,
    });
  });

  test('that waits for its turn by a limit is not in trouble', () => {
    const message =
      'Knot "k00000" waits for a place of limit "api": 1 of 1 are taken by knot "a "b" c" of run "r".';
    const lastFailure = { code: 'LimitReached', message } as const;
    const knot = only(activity(0, { attempt: 4, nextAttemptAt: NOW + 1_000, lastFailure, worker: 'w' }));
    expect(knot).toMatchObject({
      state: 'queued',
      attempt: 4,
      nextAttemptAt: NOW + 1_000,
      reason: {
        code: 'LimitReached',
        message: 'waits for a place of limit "api": 1 of 1 are taken by knot "a "b" c" of run "r"',
      },
    });
  });

  const late = { scheduledAt: NOW - 6_000 };
  test.each([
    ['may be taken at any moment', {}, { alive: ['w'], lastPollAt: NOW - 1_000 }, 'Queued'],
    ['has nobody to take it', {}, { alive: [], lastPollAt: NOW - 100_000 }, 'NoWorker'],
    ['has never had anybody', {}, { alive: [] }, 'NoWorker'],
    ['lies there though somebody asks for work', late, { alive: ['w'], lastPollAt: NOW - 5_000 }, 'Queued'],
    ['lies there while nobody asks for work', late, { alive: ['w'], lastPollAt: NOW - 7_000 }, 'NoWorker'],
  ])('that %s', (_, more, pollers, code) => {
    const knot = only(activity(0, more), { pollers: new Map([['queue', pollers]]) });
    expect(knot).toMatchObject({ state: 'queued', reason: { code } });
    expect(knot.lastPollAt).toBe((pollers as QueuePollers).lastPollAt);
  });

  test('that is due for another attempt waits for a worker rather than for its back-off, if there is none', () => {
    const failed = activity(0, { attempt: 2, lastFailure: { code: 'WorkerShutdown', message: 'gone' } });
    expect(only(failed, { pollers: new Map([['queue', { alive: [] }]]) }).reason.code).toBe('NoWorker');
    expect(only(failed).reason.code).toBe('WorkerShutdown');
  });

  test('that is paused, or asked to end', () => {
    expect(only(activity(0, { state: 'paused' }))).toMatchObject({
      state: 'paused',
      reason: { code: 'Paused' },
    });
    expect(only(activity(0, { state: 'cancelling', worker: 'w' }))).toMatchObject({
      state: 'running',
      reason: { code: 'Cancelling' },
    });
  });

  test('asks for its queue only when it is due', () => {
    const activities = [
      activity(0, { taskQueue: 'a' }),
      activity(1, { taskQueue: 'a' }),
      activity(2, { taskQueue: 'b', nextAttemptAt: NOW + 1 }),
      activity(3, { taskQueue: 'c', state: 'started' }),
    ];
    expect(dueQueues(activities, NOW)).toEqual(['a']);
    expect(dueQueues(activities, NOW + 1)).toEqual(['a', 'b']);
  });
});

describe('a knot without an activity of its own', () => {
  test('waits for its unfinished parents, of which the first five are named', () => {
    const { knots } = explain(
      factsOf(fanWithSum(8), {
        ok: [0, 2],
        activities: [1, 3, 4, 5, 6, 7, 8].map((knot) => activity(knot)),
      }),
    );
    expect(knots.at(-1)).toEqual({
      knotId: id(9),
      state: 'blocked',
      reason: { code: 'Parents', message: `waits for ${[1, 3, 4, 5, 6].map(id).join(', ')} and 2 more` },
      parents: [1, 3, 4, 5, 6].map(id),
      unfinishedParents: 7,
    });
  });

  test('runs in a child run', () => {
    expect(explain(factsOf([[]], { childRuns: new Map([[id(0), `run/${id(0)}`]]) })).knots).toMatchObject([
      { state: 'running', reason: { code: 'ChildRun' }, childRunId: `run/${id(0)}` },
    ]);
  });

  test('has the reason of what is stuck in its child run, and else what is in flight there', () => {
    const childRun = `run/${id(0)}`;
    const within = (...activities: PendingActivity[]) =>
      explain(
        factsOf([[]], {
          childRuns: new Map([[id(0), childRun]]),
          children: new Map([[childRun, { activities, workflowTasks: [] }]]),
        }),
      ).knots[0]!;
    const element = (at: number, more: Partial<PendingActivity> = {}): PendingActivity =>
      activity(0, { id: `${id(0)}[${at}]`, ...more });
    const lastFailure = { code: 'BodyThrew', message: 'Error: no' } as const;
    const running = element(1, { state: 'started', worker: 'w', startedAt: NOW });
    const failing = element(7, { attempt: 2, lastFailure, nextAttemptAt: NOW + 1_000 });
    expect(within(running, failing, { ...failing, id: `${id(0)}[8]` })).toMatchObject({
      knotId: id(0),
      state: 'retrying',
      attempt: 2,
      reason: { code: 'BodyThrew', message: `${id(0)}[7]: Error: no (and 1 more)` },
      childRunId: childRun,
      elements: [{ knotId: `${id(0)}[7]` }, { knotId: `${id(0)}[8]` }, { knotId: `${id(0)}[1]` }],
      elementReasons: { BodyThrew: 2, Running: 1 },
    });
    // One that waits for a worker beside others that run is no news.
    expect(within(element(0), running)).toMatchObject({ state: 'running', reason: { code: 'ChildRun' } });
    // A slow knot has one activity, its own.
    expect(within(activity(0, { lastFailure, nextAttemptAt: NOW + 1_000 }))).toMatchObject({
      state: 'retrying',
      reason: lastFailure,
    });
    const many = Array.from({ length: 30 }, (_, at) => element(at));
    expect(within(...many)).toMatchObject({ state: 'queued', elementReasons: { Queued: 30 } });
    expect(within(...many).elements).toHaveLength(20);
  });

  test('as an element that waits as its batch, as its map, or for its turn', () => {
    const reason = { code: 'Running', message: 'runs' } as const;
    const map = { knotId: 'm', state: 'running', reason: { code: 'ChildRun', message: 'runs' } } as const;
    const batches = [0, 10, 20].map(
      (first) => ({ knotId: `m[${first}…]`, state: 'running', reason }) as const,
    );
    const elements = [{ knotId: 'm[17]', state: 'running', reason }] as const;
    expect(explainElement('m[17]', { ...map, elements })).toEqual(elements[0]);
    expect(explainElement('m[18]', { ...map, elements })).toMatchObject({
      reason: { code: 'PendingActivityLimit' },
    });
    expect(explainElement('m[17]', { ...map, elements: batches })).toMatchObject({
      knotId: 'm[17]',
      reason,
    });
    expect(explainElement('m[17]', map)).toMatchObject({ reason: { message: 'its map: runs' } });
  });

  test('is held up by the limit of activities, by a full history, or by the next workflow task', () => {
    const wide = Array.from({ length: 501 }, () => []);
    const full = factsOf(wide, { activities: wide.slice(1).map((_, index) => activity(index)) });
    expect(explain(full).reasons).toEqual({ Queued: 500, PendingActivityLimit: 1 });
    expect(codes(factsOf([[]], { isHistoryFull: true }))).toEqual({ [id(0)]: 'ContinuingAsNew' });
    expect(codes(factsOf([[]]))).toEqual({ [id(0)]: 'NextWorkflowTask' });
    const workflowTask = untaken({ pollers: { alive: [] } });
    const held = explain(factsOf([[]], { workflowTask, isHistoryFull: true }));
    expect(held.workflowTask).toMatchObject({ code: 'NoWorker' });
    expect(held.knots).toMatchObject([
      {
        state: 'pending',
        reason: { code: 'NextWorkflowTask', message: expect.stringContaining('no worker polls') },
      },
    ]);
  });
});

describe('segments', () => {
  const isLocal = (knot: number): boolean => knot < 3;

  test('have as members the local knots that can be in one, where no worker says which', () => {
    // 0 -> 1 -> 3 (queued), and 2, which waits for 3.
    const shape = factsOf([[], [0], [], [1], [2]], { ok: [0], activities: [segment(0)] }, isLocal);
    expect(codes(shape)).toEqual({
      [id(1)]: 'Segment',
      [id(2)]: 'Segment',
      [id(3)]: 'Parents',
      [id(4)]: 'Parents',
    });
  });

  test('have as members those that a worker has named', () => {
    const shape = factsOf([[], [], []], { activities: [segment(0)], segments: [[id(0), id(1)]] }, isLocal);
    expect(codes(shape)).toEqual({ [id(0)]: 'Segment', [id(1)]: 'Segment', [id(2)]: 'NextWorkflowTask' });
  });

  test('that wait make their members wait for the same', () => {
    const lastFailure = { code: 'BackendUnavailable', message: 'out of reach' } as const;
    const retrying = segment(0, { state: 'scheduled', attempt: 2, nextAttemptAt: NOW + 1_000, lastFailure });
    expect(explain(factsOf(chain(2), { activities: [retrying] }, isLocal)).knots).toMatchObject([
      {
        state: 'retrying',
        attempt: 2,
        reason: { code: 'BackendUnavailable', message: 'in a segment: out of reach' },
      },
      { state: 'blocked', parents: [id(0)] },
    ]);
  });
});

describe('the list', () => {
  test('names what is stuck first, and of that what holds up most', () => {
    const lastFailure = { code: 'BodyThrew', message: 'no' } as const;
    const failing = (knot: number): PendingActivity =>
      activity(knot, { attempt: 2, nextAttemptAt: NOW + 1, lastFailure });
    // 3 needs 1, and 4 needs 3; 0 holds nothing up; 2 runs and holds up 5.
    const shape = factsOf([[], [], [], [1], [3], [2]], {
      activities: [failing(0), failing(1), activity(2, { state: 'started', worker: 'w' })],
    });
    expect(explain(shape).knots.map(({ knotId }) => knotId)).toEqual([1, 0, 2, 3, 4, 5].map(id));
  });

  test('is of a hundred knots at most, with the rest counted, in a run of any size', () => {
    const { knots, reasons, unfinished } = explain(factsOf(chain(10_000), { activities: [activity(0)] }));
    expect(knots).toHaveLength(100);
    expect(knots[0]!.knotId).toBe(id(0));
    expect(unfinished).toBe(10_000);
    expect(reasons).toEqual({ Queued: 1, Parents: 9_999 });
  });
});

describe('a knot that waits', () => {
  const waits = tapestry('waits', (t) => {
    const ms = t.parameter('ms', z.number());
    const first = waitForSignal('go', z.string(), { id: 'first', timeout: 5_000 });
    waitForSignal('go', z.string(), { id: 'second', after: [first] });
    sleep({ ms }, { id: 'slept' });
    waitUntil({ time: NOW + 60_000 }, { id: 'due' });
  });
  const layout = layoutOf(compile(recordOf(waits)).plan);
  const knotsOf = (more: Partial<RunFacts> = {}) =>
    Object.fromEntries(
      explain({ ...factsOf([[]]), layout, outcomes: new Map(), ...more }).knots.map((knot) => [
        knot.knotId,
        knot,
      ]),
    );

  test('says for what and, as far as that is constant or a worker has said it, until when', () => {
    expect(knotsOf()).toMatchObject({
      first: {
        state: 'waiting',
        reason: { code: 'Signal', message: 'waits for the signal "go"' },
        signal: 'go',
      },
      second: { state: 'blocked', reason: { code: 'Parents' } },
      slept: { state: 'waiting', reason: { code: 'Time', message: 'waits for its time' } },
      due: { reason: { message: 'waits until 1970-01-01T00:17:40.000Z' }, until: NOW + 60_000 },
    });
    const said = knotsOf({
      waits: [
        { knot: 'first', signal: 'go', until: NOW + 5_000 },
        { knot: 'slept', until: NOW + 1_000 },
      ],
    });
    expect(said).toMatchObject({
      first: {
        reason: { message: 'waits for the signal "go", until 1970-01-01T00:16:45.000Z' },
        until: NOW + 5_000,
      },
      slept: { reason: { message: 'waits until 1970-01-01T00:16:41.000Z' }, until: NOW + 1_000 },
    });
  });

  test('is where its activity is, when its wait is over', () => {
    expect(
      knotsOf({ activities: [{ ...activity(0), id: 'first', type: 'selvage.waitForSignal' }] })['first'],
    ).toMatchObject({
      state: 'queued',
    });
  });
});

describe('the next step of a run', () => {
  const worker = 'w';
  const failure = (message: string, type?: string) => ({ last: { worker, failure: { message, type } } });
  test.each([
    ['has nothing to do', { taskQueue: 'queue', isPaused: false }, undefined],
    ['is paused', { taskQueue: 'queue', isPaused: true }, 'Paused'],
    ['has workers that are about to take it', untaken({ pollers: { alive: [worker] } }), undefined],
    ['has no workers', untaken({ pollers: { alive: [] } }), 'NoWorker'],
    [
      'has workers that do not ask',
      untaken({ scheduledAt: NOW - 9_000, pollers: { alive: [worker] } }),
      'NoWorker',
    ],
    ['is on a server that cannot tell who asks', untaken({ scheduledAt: NOW - 9_000 }), undefined],
    ['runs', untaken({ isStarted: true, since: NOW - 1_000 }), undefined],
    [
      'runs for long',
      untaken({ isStarted: true, since: NOW - 9_000, last: { worker } }),
      'WorkflowTaskRunning',
    ],
    ['is tried again', untaken({ attempt: 2, ...failure('TypeError: no') }), 'WorkflowTaskFailed'],
    ['was lost', untaken({ attempt: 2, last: {} }), 'WorkflowTaskFailed'],
    [
      'is refused',
      untaken({ attempt: 2, ...failure('HistoryTooNew: begun by a newer one') }),
      'HistoryTooNew',
    ],
    [
      'is refused, as a query has told',
      untaken({ attempt: 2, ...failure('none', 'UnknownTapestry') }),
      'UnknownTapestry',
    ],
  ] as const)('%s', (_, workflowTask, code) => {
    expect(explain(factsOf([[]], { workflowTask })).workflowTask?.code).toBe(code);
  });

  test('is told before a worker has begun the run, also where nothing is wrong', () => {
    const { workflowTask, pollers, activities, now } = factsOf([[]], { workflowTask: untaken({}) });
    const told = explain({ workflowTask, pollers, activities, now });
    expect(told).toMatchObject({ started: false, total: 0, workflowTask: { code: 'Queued', attempt: 1 } });
  });

  test.each(['anything else', 'TypeError: UnknownTapestry: no', ''])(
    'a failure %j is told as it is',
    (message) => {
      const workflowTask = untaken({ attempt: 2, last: { failure: { message } } });
      expect(explain(factsOf([[]], { workflowTask })).workflowTask).toMatchObject({ message });
    },
  );

  test('a refusal by a newer version is known by the code that its text begins with', () => {
    let message = '';
    try {
      requireKnownBehaviour(NEWEST_BEHAVIOUR + 1);
    } catch (error) {
      message = (error as Error).message;
    }
    const workflowTask = untaken({ attempt: 2, last: { failure: { message } } });
    expect(explain(factsOf([[]], { workflowTask })).workflowTask).toMatchObject({
      code: 'HistoryTooNew',
      message: expect.stringMatching(/^this run was begun by a newer Selvage/) as string,
    });
  });
});
