import { SelvageError } from '../errors';
import type { OutcomeToRecord } from '../runtime';
import type { OutcomeKind } from '../authoring/outcome';
import type { ExceptionRecord, LineageRecord, RunRecord } from '../ports';
import type { FirstDifference } from './first-difference';

/**
 * The result of a repeated body. `same`: an equal hash or error. `value`, `error`: a different value or error.
 * `outcome`: the body failed now and had not failed before, or the other way round. `unreadable`: an input or the
 * knot's own value is unavailable. `not-run`: the knot has no body, or its value came from outside or from other knots.
 */
export type Verdict = 'same' | 'value' | 'error' | 'outcome' | 'unreadable' | 'not-run';

/** The outcome of a knot. */
export interface KnotEnd {
  readonly outcome: OutcomeKind;
  readonly outputHash?: string;
  readonly error?: { readonly type: string; readonly message: string; readonly at?: string };
}

export interface Reproduction {
  readonly runId: string;
  readonly knotId: string;
  readonly verdict: Verdict;
  readonly explanation: string;
  readonly recorded?: KnotEnd;
  /** The end of the repeated body; absent if it was not run. */
  readonly now?: KnotEnd;
  /** The first difference, set for different values. */
  readonly difference?: FirstDifference;
  /** Why the body could not be run. */
  readonly error?: SelvageError;
}

export function notRun(
  run: RunRecord,
  knotId: string,
  record: LineageRecord | undefined,
  why: string,
): Reproduction {
  return {
    runId: run.run_id,
    knotId,
    verdict: 'not-run',
    explanation: why,
    ...(record && { recorded: endOf(record) }),
  };
}

export function unreadable(
  run: RunRecord,
  knotId: string,
  record: LineageRecord | undefined,
  error: unknown,
): Reproduction {
  if (!SelvageError.is(error)) throw error;
  return {
    runId: run.run_id,
    knotId,
    verdict: 'unreadable',
    explanation: `it could not be run: ${error.code}: ${error.message}`,
    error,
    ...(record && { recorded: endOf(record) }),
  };
}

export function endOf({ outcome, output_hash: outputHash, extra }: LineageRecord): KnotEnd {
  const { error } = extra as { error?: ExceptionRecord };
  return {
    outcome,
    ...(outputHash !== null && { outputHash }),
    ...(error && {
      error: { type: error.type, message: error.message, ...(error.at !== undefined && { at: error.at }) },
    }),
  };
}

export function endOfOutcome(
  outcome: OutcomeToRecord | { readonly kind: 'err'; readonly error: NonNullable<KnotEnd['error']> },
): KnotEnd {
  if (outcome.kind === 'ok') return { outcome: 'ok', outputHash: outcome.value.hash };
  if (outcome.kind === 'skipped') return { outcome: 'skipped' };
  const { type, message, at } = outcome.error;
  return { outcome: 'err', error: { type, message, ...(at !== undefined && { at }) } };
}

export function told({ outcome, error }: KnotEnd): string {
  if (outcome === 'ok') return 'gave a value';
  if (outcome === 'skipped') return 'was skipped';
  return `failed with ${error!.type}: ${error!.message}`;
}
