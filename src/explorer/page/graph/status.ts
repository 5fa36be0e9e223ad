import type { GraphKnot, GraphState } from '../../../authoring/run-graph';
import { recordedStatus, type KnotStatus } from '../../../visualisation/selection';
import type { WaitingKnot } from '../../../connection/explain/waiting';

/** In the order of counts and legends. */
export const STATUSES: readonly KnotStatus[] = [
  'failed',
  'running',
  'waiting',
  'ok',
  'reused',
  'skipped',
  'pending',
];

export const WORDS: Readonly<Record<KnotStatus, string>> = {
  failed: 'failed',
  running: 'running',
  waiting: 'waiting',
  ok: 'ok',
  reused: 'reused',
  skipped: 'skipped',
  pending: 'pending',
};

/** The status of a knot by its record; without one, by what the server says of it. */
export function statusOf(knot: Pick<GraphKnot, 'state'>, waiting: WaitingKnot | undefined): KnotStatus {
  if (knot.state || !waiting) return recordedStatus(knot);
  if (waiting.state === 'running') return 'running';
  return waiting.state === 'blocked' ? 'pending' : 'waiting';
}

/** The duration of its body; undefined if the value was reused or the body never ran. */
export function durationOf(state: GraphState | undefined): number | undefined {
  if (!state || state.cachedFromRun !== undefined || state.outcome === 'skipped') return undefined;
  return Math.max(0, state.finishedAt - state.startedAt);
}
