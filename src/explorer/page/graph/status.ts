import type { KnotStatus } from '../../../visualisation/marks';
import type { Tone } from '../ui/tones';

export const TONES: Readonly<Record<KnotStatus, Tone>> = {
  failed: 'err',
  running: 'running',
  waiting: 'waiting',
  ok: 'ok',
  reused: 'reused',
  skipped: 'skipped',
  pending: 'none',
};
