import type { Waiting, WaitingKnot } from '../../../src/client';
import { describeWaiting } from '../../../src/cli/show/waiting';
import { recordedOutput } from './output-streams';

const NOW = 10_000_000;
const { output } = recordedOutput();

function described(waiting: Partial<Waiting>): string[] {
  const whole = {
    started: true,
    total: 10,
    unfinished: waiting.knots?.length ?? 0,
    reasons: {},
    knots: [],
    ...waiting,
  };
  return describeWaiting(whole, NOW, output).split('\n');
}

test('a line a knot: what it waits for, since when, until when', () => {
  const knots: WaitingKnot[] = [
    {
      knotId: 'fetch-3',
      state: 'retrying',
      reason: { code: 'BodyThrew', message: 'TypeError: fetch failed\nat once' },
      attempt: 4,
      nextAttemptAt: NOW + 12_000,
    },
    {
      knotId: 'load',
      state: 'queued',
      reason: { code: 'NoWorker', message: 'no worker polls task queue "gpu"' },
      attempt: 1,
      since: NOW - 240_000,
      lastPollAt: NOW - 180_000,
    },
    {
      knotId: 'train',
      state: 'running',
      reason: { code: 'Running', message: 'runs on worker w' },
      attempt: 2,
      since: NOW - 61_000,
      lastHeartbeatAt: NOW - 3_000,
    },
    { knotId: 'report', state: 'blocked', reason: { code: 'Parents', message: 'waits for fetch-3, load' } },
  ];
  expect(described({ knots })).toEqual([
    '4 unfinished knots',
    '  fetch-3  retrying in 12 s (attempt 4): TypeError: fetch failed',
    '  load     no worker polls task queue "gpu" (for 4 min 0 s, last polled 3 min 0 s ago)',
    '  train    runs on worker w (for 1 min 1 s, attempt 2, last heartbeat 3.0 s ago)',
    '  report   waits for fetch-3, load',
  ]);
});

test('what is too much to be named is counted by reason', () => {
  const knots = Array.from({ length: 100 }, (_, index): WaitingKnot => ({
    knotId: `k${index}`,
    state: 'blocked',
    reason: { code: index < 30 ? 'PendingActivityLimit' : 'Parents', message: 'waits' },
  }));
  const lines = described({
    knots,
    unfinished: 5_000,
    reasons: { PendingActivityLimit: 30, Parents: 4_970 },
  });
  expect(lines).toHaveLength(22);
  expect(lines.at(-1)).toBe('  and 4980 more: 4970 Parents, 10 PendingActivityLimit');
});

test('a run that is not begun, or whose workflow task waits, says so first', () => {
  const workflowTask = {
    code: 'NoWorker',
    message: 'no worker polls task queue "q"',
    taskQueue: 'q',
    since: NOW - 5_000,
    attempt: 1,
  } as const;
  expect(described({ started: false, workflowTask })).toEqual([
    'Not begun: no worker polls task queue "q" (for 5.0 s)',
  ]);
  expect(described({ workflowTask })).toEqual(['Workflow task: no worker polls task queue "q" (for 5.0 s)']);
});
