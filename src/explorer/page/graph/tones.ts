import type { KnotStatus } from '../../../visualisation/selection';
import type { Tone } from '../ui/outcome';

export const TONES: Readonly<Record<KnotStatus, Tone>> = {
  failed: 'err',
  running: 'running',
  waiting: 'waiting',
  ok: 'ok',
  reused: 'reused',
  skipped: 'skipped',
  pending: 'none',
};
