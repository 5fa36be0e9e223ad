import type { GraphState } from '../../../authoring/run-graph';
import type { KnotStatus } from '../../../visualisation/marks';
import type { WaitingKnot } from '../../../connection/explain/waiting';
import { waitKind, type WaitKind } from '../run/waits';

/** A part of a knot's time. Times are milliseconds since the epoch. */
export type Segment =
  | {
      readonly kind: 'wait';
      readonly from: number;
      readonly to: number;
      readonly wait: WaitKind;
      readonly code: string;
    }
  | {
      readonly kind: 'attempt';
      readonly from: number;
      readonly to: number;
      readonly attempt: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'body';
      readonly from: number;
      readonly to: number;
      readonly status: KnotStatus;
      readonly attempt: number;
    };

/** Waits, attempts and the body in order; the time between dispatch and first attempt is the queue. */
export function segmentsOf(
  state: GraphState | undefined,
  waiting: WaitingKnot | undefined,
  status: KnotStatus,
  now: number,
): Segment[] {
  if (!state) return waiting ? openSegments(waiting, now) : [];
  const segments: Segment[] = [];
  for (const { code, since, until } of state.waits ?? [])
    segments.push({ kind: 'wait', from: since, to: until, wait: waitKind(code), code });
  for (const { attempt, startedAt: from, endedAt: to, reason } of state.attempts ?? [])
    segments.push({ kind: 'attempt', from, to, attempt, reason: `${reason.code}: ${reason.message}` });
  const { startedAt, finishedAt, attempt } = state;
  segments.sort((a, b) => a.from - b.from);
  const begun = Math.min(startedAt, segments[0]?.from ?? Infinity);
  if (begun - state.scheduledAt >= 1)
    segments.unshift({ kind: 'wait', from: state.scheduledAt, to: begun, wait: 'queue', code: 'Queued' });
  if (status !== 'skipped')
    segments.push({ kind: 'body', from: startedAt, to: Math.max(startedAt, finishedAt), status, attempt });
  return segments;
}

function openSegments({ state, reason: { code }, since, attempt }: WaitingKnot, now: number): Segment[] {
  if (state === 'blocked' || since === undefined) return [];
  const to = Math.max(since, now);
  return state === 'running'
    ? [{ kind: 'body', from: since, to, status: 'running', attempt: attempt ?? 1 }]
    : [{ kind: 'wait', from: since, to, wait: waitKind(code), code }];
}

export function spanOf(segments: readonly Segment[]): readonly [number, number] | undefined {
  if (segments.length === 0) return undefined;
  let [from, to] = [Infinity, -Infinity];
  for (const segment of segments) {
    from = Math.min(from, segment.from);
    to = Math.max(to, segment.to);
  }
  return [from, to];
}
