import type { GraphAttempt, GraphKnotKind, GraphState } from '../../../authoring/run-graph';
import type { KnotStatus } from '../../../visualisation/marks';
import type { WaitingKnot } from '../../../connection/explain/waiting';
import { WAIT_KINDS, waitKind, type WaitKind } from '../run/waits';
import { shownText } from '../shown-text';
import { durationWords } from '../words';
import type { Span } from './time-scale';

/** A part of a knot's time. Times are milliseconds since the epoch; `to` grows while the part goes on. */
export type Segment = { readonly from: number; to: number } & (Wait | Attempt | Body);
interface Wait {
  readonly kind: 'wait';
  readonly wait: WaitKind;
  readonly code: string;
}
interface Tried {
  readonly attempt: number;
  readonly worker?: string | undefined;
}
interface Attempt extends Tried {
  readonly kind: 'attempt';
  readonly reason: string;
}
interface Body extends Tried {
  readonly kind: 'body';
  readonly status: KnotStatus;
}

/** Nodes whose time is a wait, with the code of the wait while it goes on. */
const WAITS: { readonly [Kind in GraphKnotKind]?: string } = {
  waitForSignal: 'Signal',
  sleep: 'Time',
  waitUntil: 'Time',
};

interface Seen {
  readonly status: KnotStatus;
  readonly kind: GraphKnotKind;
  /** When the last parent ended. */
  readonly ready: number;
  readonly now: number;
}

/** Waits, attempts and the body in order; the time between dispatch and first attempt is the queue. */
export function segmentsOf(
  state: GraphState | undefined,
  waiting: WaitingKnot | undefined,
  { status, kind, ready, now }: Seen,
): Segment[] {
  if (!state) return waiting ? openSegments(waiting, ready, now) : [];
  const segments: Segment[] = [];
  for (const { code, since, until } of state.waits ?? []) segments.push(waited(code, since, until));
  for (const { attempt, startedAt: from, endedAt: to, worker, reason } of state.attempts ?? [])
    segments.push({ kind: 'attempt', from, to, attempt, worker, reason: said(reason) });
  const { scheduledAt, startedAt, finishedAt, attempt, worker } = state;
  segments.sort((a, b) => a.from - b.from);
  const begun = Math.min(startedAt, segments[0]?.from ?? Infinity);
  if (begun - scheduledAt >= 1) segments.unshift(waited('Queued', scheduledAt, begun));
  if (status === 'skipped') return segments;
  const to = Math.max(startedAt, finishedAt);
  // The start on record of a body that was tried again in the same process is its first attempt's.
  const from = segments.reduce(
    (begin, one) => (one.from <= begin ? Math.min(to, Math.max(begin, one.to)) : begin),
    startedAt,
  );
  const code = WAITS[kind];
  segments.push(
    code === undefined ? { kind: 'body', from, to, status, attempt, worker } : waited(code, from, to),
  );
  return segments;
}

const said = ({ code, message }: GraphAttempt['reason']): string => `${code}: ${message}`;

function waited(code: string, from: number, to: number): Segment {
  return { kind: 'wait', from, to, wait: waitKind(code), code };
}

/** Of waits for signals and of child runs, the answer does not tell when they began. */
function openSegments(waiting: WaitingKnot, ready: number, now: number): Segment[] {
  const { state, since: from = ready, attempt = 1, worker, reason } = waiting;
  if (state === 'blocked') return [];
  const to = Math.max(from, now);
  return state === 'running'
    ? [{ kind: 'body', from, to, status: 'running', attempt, worker }]
    : [waited(reason.code, from, to)];
}

export function spanOf(segments: readonly Segment[]): Span | undefined {
  if (segments.length === 0) return undefined;
  let [from, to] = [Infinity, -Infinity];
  for (const segment of segments) {
    from = Math.min(from, segment.from);
    to = Math.max(to, segment.to);
  }
  return [from, to];
}

/** The time of a segment in which a knot worked. */
export const workOf = ({ kind, from, to }: Segment): readonly Span[] => (kind === 'wait' ? [] : [[from, to]]);

export function segmentWords(segment: Segment): string {
  const took = durationWords(segment.to - segment.from);
  if (segment.kind === 'wait') return `Waited ${took} ${WAIT_KINDS[segment.wait]} (${segment.code})`;
  if (segment.kind === 'attempt') return `Attempt ${segment.attempt}, ${took}: ${shownText(segment.reason)}`;
  const attempt = segment.attempt > 1 ? `, attempt ${segment.attempt}` : '';
  return `${segment.status}, ${took}${attempt}`;
}
