import type { GraphKnotKind, GraphState } from '../../../src/authoring/run-graph';
import type { WaitingCode, WaitingKnot } from '../../../src/connection/explain/waiting';
import type { KnotStatus } from '../../../src/visualisation/marks';
import { segmentsOf, spanOf } from '../../../src/explorer/page/timeline/segments';

const state = (more: Partial<GraphState>): GraphState => ({
  outcome: 'ok',
  scheduledAt: 100,
  startedAt: 100,
  finishedAt: 200,
  attempt: 1,
  ...more,
});

const seen = (
  status: KnotStatus,
  now = 0,
  kind: GraphKnotKind = 'knot',
): Parameters<typeof segmentsOf>[2] => ({ status, now, kind, ready: 40 });

describe('the segments of a knot’s time', () => {
  it('are its body alone where it began at once', () => {
    expect(segmentsOf(state({}), undefined, seen('ok'))).toEqual([
      { kind: 'body', from: 100, to: 200, status: 'ok', attempt: 1 },
    ]);
  });

  it('begin with the queue where nothing else is on record of the time before', () => {
    expect(segmentsOf(state({ startedAt: 150 }), undefined, seen('ok'))).toEqual([
      { kind: 'wait', from: 100, to: 150, wait: 'queue', code: 'Queued' },
      { kind: 'body', from: 150, to: 200, status: 'ok', attempt: 1 },
    ]);
  });

  it('have earlier attempts and waits in their order', () => {
    const segments = segmentsOf(
      state({
        startedAt: 180,
        attempt: 2,
        waits: [
          { code: 'Retry', since: 150, until: 180 },
          { code: 'LimitReached', since: 110, until: 120 },
        ],
        attempts: [
          { attempt: 1, startedAt: 120, endedAt: 150, reason: { code: 'BodyThrew', message: 'no' } },
        ],
      }),
      undefined,
      seen('ok'),
    );
    expect(segments.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['wait', 100, 110],
      ['wait', 110, 120],
      ['attempt', 120, 150],
      ['wait', 150, 180],
      ['body', 180, 200],
    ]);
    expect(segments[1]).toMatchObject({ wait: 'limit' });
    expect(segments[3]).toMatchObject({ wait: 'retry' });
    expect(spanOf(segments)).toEqual([100, 200]);
  });

  it('are a wait where the knot only waits', () => {
    expect(segmentsOf(state({}), undefined, seen('ok', 0, 'waitForSignal'))).toEqual([
      { kind: 'wait', from: 100, to: 200, wait: 'signal', code: 'Signal' },
    ]);
    expect(segmentsOf(state({}), undefined, seen('ok', 0, 'sleep'))[0]).toMatchObject({ wait: 'time' });
  });

  it('count no attempt as the body that was tried again in the same process', () => {
    const attempts = [
      { attempt: 1, startedAt: 100, endedAt: 120, reason: { code: 'BodyThrew', message: '' } },
    ];
    const waits = [
      { code: 'Retry', since: 120, until: 150 },
      { code: 'LimitReached', since: 160, until: 170 },
    ];
    const segments = segmentsOf(state({ attempts, waits }), undefined, seen('ok'));
    expect(segments.at(-1)).toMatchObject({ kind: 'body', from: 150, to: 200 });
  });

  it('grow to now while it runs or waits, and are none while its parents are unfinished', () => {
    const reason = (code: WaitingCode): WaitingKnot['reason'] => ({ code, message: '' });
    const waiting: WaitingKnot = { knotId: 'a', state: 'running', reason: reason('Running'), since: 50 };
    expect(segmentsOf(undefined, waiting, seen('running', 90))).toEqual([
      { kind: 'body', from: 50, to: 90, status: 'running', attempt: 1 },
    ]);
    expect(
      segmentsOf(undefined, { ...waiting, state: 'queued', reason: reason('NoWorker') }, seen('waiting', 70)),
    ).toEqual([{ kind: 'wait', from: 50, to: 70, wait: 'worker', code: 'NoWorker' }]);
    expect(
      segmentsOf(undefined, { ...waiting, state: 'blocked', reason: reason('Parents') }, seen('pending', 70)),
    ).toEqual([]);
    expect(segmentsOf(undefined, undefined, seen('pending', 70))).toEqual([]);
    const { since: _, ...unknown } = waiting;
    expect(segmentsOf(undefined, unknown, seen('running', 70))).toMatchObject([{ from: 40, to: 70 }]);
  });

  it('never end before they begin, whatever clocks say', () => {
    const [body] = segmentsOf(state({ startedAt: 90, finishedAt: 80 }), undefined, seen('ok'));
    expect(body).toMatchObject({ from: 90, to: 90 });
  });
});
