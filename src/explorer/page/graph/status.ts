import type { GraphKnot } from '../../../authoring/run-graph';
import { recordedStatus, type KnotStatus } from '../../../visualisation/selection';
import type { Tone } from '../ui/tones';
import type { WaitingKnot } from '../../../connection/explain/waiting';

export const STATUSES: readonly KnotStatus[] = [
  'failed',
  'running',
  'waiting',
  'ok',
  'reused',
  'skipped',
  'pending',
];

/** The status of a knot by its record; without one, by what the server says of it. */
export function statusOf(knot: Pick<GraphKnot, 'state'>, waiting: WaitingKnot | undefined): KnotStatus {
  if (knot.state || !waiting) return recordedStatus(knot);
  if (waiting.state === 'running') return 'running';
  return waiting.state === 'blocked' ? 'pending' : 'waiting';
}

export const TONES: Readonly<Record<KnotStatus, Tone>> = {
  failed: 'err',
  running: 'running',
  waiting: 'waiting',
  ok: 'ok',
  reused: 'reused',
  skipped: 'skipped',
  pending: 'none',
};
