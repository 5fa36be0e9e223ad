import type { GraphState } from '../../../src/authoring/run-graph';
import type { WaitingCode, WaitingKnot } from '../../../src/connection/explain/waiting';
import { segmentsOf, spanOf } from '../../../src/explorer/page/timeline/segments';

const state = (more: Partial<GraphState>): GraphState => ({
  outcome: 'ok',
  scheduledAt: 100,
  startedAt: 100,
  finishedAt: 200,
  attempt: 1,
  ...more,
});

describe('the segments of a knot’s time', () => {
  it('are its body alone where it began at once', () => {
    expect(segmentsOf(state({}), undefined, 'ok', 0)).toEqual([
      { kind: 'body', from: 100, to: 200, status: 'ok', attempt: 1 },
    ]);
  });

  it('begin with the queue where nothing else is on record of the time before', () => {
    expect(segmentsOf(state({ startedAt: 150 }), undefined, 'ok', 0)).toEqual([
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
      'ok',
      0,
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

  it('grow to now while it runs or waits, and are none while its parents are unfinished', () => {
    const reason = (code: WaitingCode): WaitingKnot['reason'] => ({ code, message: '' });
    const waiting: WaitingKnot = { knotId: 'a', state: 'running', reason: reason('Running'), since: 50 };
    expect(segmentsOf(undefined, waiting, 'running', 90)).toEqual([
      { kind: 'body', from: 50, to: 90, status: 'running', attempt: 1 },
    ]);
    expect(
      segmentsOf(undefined, { ...waiting, state: 'queued', reason: reason('NoWorker') }, 'waiting', 70),
    ).toEqual([{ kind: 'wait', from: 50, to: 70, wait: 'worker', code: 'NoWorker' }]);
    expect(
      segmentsOf(undefined, { ...waiting, state: 'blocked', reason: reason('Parents') }, 'pending', 70),
    ).toEqual([]);
    expect(segmentsOf(undefined, undefined, 'pending', 70)).toEqual([]);
  });

  it('never end before they begin, whatever clocks say', () => {
    const [body] = segmentsOf(state({ startedAt: 90, finishedAt: 80 }), undefined, 'ok', 0);
    expect(body).toMatchObject({ from: 90, to: 90 });
  });
});
