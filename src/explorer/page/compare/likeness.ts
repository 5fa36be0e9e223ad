import type { KnotStatus } from '../../../visualisation/selection';
import type { Comparison, Likeness } from '../../../operations/runs/compare';

/** The status that stands for each likeness, for its colour, shape and word. */
export const STATUS_OF: Readonly<Record<Likeness, KnotStatus>> = {
  same: 'ok',
  hash: 'running',
  code: 'waiting',
  config: 'reused',
  outcome: 'failed',
  'only-first': 'skipped',
  'only-second': 'skipped',
  'not-run': 'pending',
};

export const LIKENESS_WORDS: Readonly<Record<Likeness, string>> = {
  same: 'same value',
  hash: 'other value',
  code: 'other code',
  config: 'other configuration',
  outcome: 'other outcome',
  'only-first': 'in the first only',
  'only-second': 'in the second only',
  'not-run': 'not run',
};

/** The legend's words for the statuses in a comparison. */
export const COMPARE_WORDS: Readonly<Record<KnotStatus, string>> = {
  ok: 'same value',
  running: 'other value',
  waiting: 'other code',
  reused: 'other configuration',
  failed: 'other outcome',
  skipped: 'in one run only',
  pending: 'not run',
};

/** The knots that differ: first the one where the difference begins, then the others in the order of the plan. */
export function differing({ items, firstDifferent }: Comparison): Comparison['items'] {
  const others = items.filter(({ knotId, likeness }) => knotId !== firstDifferent && likeness !== 'not-run');
  return [...items.filter(({ knotId }) => knotId === firstDifferent), ...others];
}
