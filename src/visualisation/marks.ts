import type { GraphKnot, GraphState } from '../authoring/run-graph';
import { durationOf, formatCount, formatDuration, type Look } from './words';

/** State of a knot; `reused` is Ok with a reused value. */
export type KnotStatus = 'pending' | 'waiting' | 'running' | 'ok' | 'reused' | 'failed' | 'skipped';

/** States of knots, those that need attention first. */
export const KNOT_STATUSES: readonly KnotStatus[] = [
  'failed',
  'running',
  'waiting',
  'ok',
  'reused',
  'skipped',
  'pending',
];

/** The known facts of a knot. */
export interface SeenKnot {
  readonly state?: GraphState | undefined;
  /** Why the knot has no outcome yet, as far as the engine tells. */
  readonly waiting?:
    | {
        readonly state: string;
        readonly attempt?: number | undefined;
        readonly signal?: string | undefined;
        readonly since?: number | undefined;
      }
    | undefined;
  /** Usual time: most of the definition's knots took at most this number of milliseconds; absent if unknown. */
  readonly usualMs?: number | undefined;
}

/** The marks of a knot, which every face shows at a glance. */
export interface KnotMarks {
  readonly status: KnotStatus;
  /** The status in words, or `waits for approve`. */
  readonly word: string;
  /** `×3`, `1 of 20,000 failed`, `slow: usually 2.0 s at most`. */
  readonly notes: readonly string[];
}

/** @param now milliseconds since the epoch; if omitted, a running knot is never slow */
export function marksOf(knot: SeenKnot, now?: number): KnotMarks {
  const { state, waiting, usualMs } = knot;
  const status = statusOf(knot);
  const signal = status === 'waiting' ? waiting?.signal : undefined;
  const attempt = state?.attempt ?? waiting?.attempt ?? 1;
  const { count = 0, failed = 0 } = state?.elements ?? {};
  const isTried = status !== 'skipped' && status !== 'reused' && attempt > 1;
  return {
    status,
    word: signal === undefined ? status : `waits for ${signal}`,
    notes: [
      ...(isTried ? [`×${attempt}`] : []),
      ...(failed > 0 ? [`${formatCount(failed)} of ${formatCount(count)} failed`] : []),
      ...(usualMs !== undefined && isSlow(knot, usualMs, now)
        ? [`slow: usually ${formatDuration(usualMs)} at most`]
        : []),
    ],
  };
}

function statusOf({ state, waiting }: SeenKnot): KnotStatus {
  if (state?.outcome === 'err') return 'failed';
  if (state?.outcome === 'skipped') return 'skipped';
  if (state) return state.cachedFromRun === undefined ? 'ok' : 'reused';
  if (!waiting || waiting.state === 'blocked') return 'pending';
  return waiting.state === 'running' ? 'running' : 'waiting';
}

/** A picture shows recorded outcomes alone. */
export function lookOf({ state }: Pick<GraphKnot, 'state'>): Look {
  const status = statusOf({ state });
  return status === 'pending' || status === 'waiting' || status === 'running' ? 'open' : status;
}

export function countLooks(knots: readonly Pick<GraphKnot, 'state'>[]): Record<Look, number> {
  const counts: Record<Look, number> = { ok: 0, reused: 0, failed: 0, skipped: 0, open: 0 };
  for (const knot of knots) counts[lookOf(knot)]++;
  return counts;
}

/** Factor of the usual time after which a knot is slow. */
const SLOWER = 1.5;
/** Least number of milliseconds beyond the usual time after which a knot is slow. */
const LONGER_MS = 1_000;
/** The usual time of a definition is known from this number of knots on. */
const LEAST_KNOTS = 5;

function isSlow({ state, waiting }: SeenKnot, usualMs: number, now: number | undefined): boolean {
  const since = waiting?.state === 'running' ? waiting.since : undefined;
  const took = state
    ? durationOf({ state })
    : now !== undefined && since !== undefined
      ? now - since
      : undefined;
  return took !== undefined && took >= Math.max(usualMs * SLOWER, usualMs + LONGER_MS);
}

export type UsualTimes = ReadonlyMap<string, number>;

/** Usual times by definition, from the figures of earlier knots. Functions in place share one name. */
export function usualTimes(
  figures: readonly {
    readonly name: string;
    readonly ran: number;
    readonly durationMs: { readonly p95: number } | null;
  }[],
): UsualTimes {
  return new Map(
    figures.flatMap(({ name, ran, durationMs }): [string, number][] =>
      durationMs && ran >= LEAST_KNOTS && !name.startsWith('selvage.') ? [[name, durationMs.p95]] : [],
    ),
  );
}

/** A map lasts as long as its elements are many, and a wait as long as what it waits for. */
export const usualOf = (
  usual: UsualTimes | undefined,
  { kind, definition }: Pick<GraphKnot, 'kind' | 'definition'>,
): number | undefined => (kind === 'knot' && definition !== undefined ? usual?.get(definition) : undefined);
