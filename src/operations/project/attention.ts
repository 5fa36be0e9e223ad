import { z } from 'zod';
import { namedIn } from '../../connection/resumes';
import type { RunHistory, RunRecord, Statistics } from '../../ports';
import { regression, type Stats } from '../../records/questions/statistics';
import type { Approval } from '../approvals/list';
import { instant } from '../fields';
import { summaryOf } from '../runs/summary';
import type { ScheduleView } from '../schedules/view';

/** Factor of the 95th percentile of its tapestry after which a run is late. */
const LATE = 2;
/** Least time beyond the 95th percentile of its tapestry after which a run is late. */
const LATE_MS = 60_000;
/** The usual time of a tapestry is known from this number of runs on. */
const LEAST_RUNS = 5;
/** The server may start a scheduled run this much after its time. */
const SCHEDULE_MS = 60_000;

/**
 * Something that a person should look at.
 *
 * - `failed`: a run failed, and no other run resumed it
 * - `late`: a run has lasted longer than usual, or a schedule has not started its run
 * - `waits`: a run waits for a signal
 * - `worse`: a tapestry or definition became slower, or fails more often
 */
export const attentionItem = z.object({
  kind: z.enum(['failed', 'late', 'waits', 'worse']),
  /** When the thing failed, began, was due, or was compared. */
  at: instant,
  /** What to do first: look at it, resume the run, or answer it by a signal. */
  act: z.enum(['open', 'resume', 'answer']),
  runId: z.string().optional(),
  /** Temporal's run id of a failed run. */
  temporalRunId: z.string().optional(),
  tapestry: z.string().optional(),
  knotId: z.string().optional(),
  partition: z.string().optional(),
  signal: z.string().optional(),
  /** Id of the schedule. */
  schedule: z.string().optional(),
  /** The first line of the error. */
  error: z.object({ type: z.string(), message: z.string() }).optional(),
  /** For a late run, the 95th percentile of the tapestry's runs in the week before. */
  usualMs: z.number().optional(),
  regression: regression.optional(),
});
export type AttentionItem = Readonly<z.output<typeof attentionItem>>;
type RecordedError = NonNullable<AttentionItem['error']>;

const about = (run: RunRecord): Pick<AttentionItem, 'runId' | 'tapestry' | 'partition'> => ({
  runId: run.run_id,
  tapestry: run.tapestry,
  ...(run.partition !== null && { partition: run.partition }),
});

/** If more knots of a run failed, the first of them is not looked for. */
const MOST_FAILURES = 100;
const MESSAGE_CHARACTERS = 500;

const firstLine = ({ type, message }: RecordedError): RecordedError => ({
  type,
  message: message.split('\n', 1)[0]!.slice(0, MESSAGE_CHARACTERS),
});

/** Why a run failed that has no error of its own: the first knot that failed. */
export async function withCause(history: RunHistory, item: AttentionItem): Promise<AttentionItem> {
  if (item.kind !== 'failed' || item.error) return item;
  const { temporalRunId } = item;
  const failures = await history.findLineage({ temporalRunId, outcome: 'err', limit: MOST_FAILURES });
  // Items are told latest first.
  const first = failures.items.at(-1);
  if (!first || failures.cursor !== undefined) return item;
  const { error } = first.extra as { readonly error?: RecordedError };
  return { ...item, knotId: first.knot_id, ...(error && { error: firstLine(error) }) };
}

/** Failed runs that ended in the window, and were not resumed. A run that failed with one of its child runs stands for both. */
export function failedRuns(runs: readonly RunRecord[], since: number): AttentionItem[] {
  const failed = runs.filter((run) => run.status === 'failed' && run.finished_at! >= since);
  const ids = new Set(failed.map(({ run_id }) => run_id));
  return failed
    .filter((run) => namedIn(run).length === 0 && !(run.parent_run_id !== null && ids.has(run.parent_run_id)))
    .map((run) => {
      const { error } = summaryOf(run);
      return {
        kind: 'failed',
        at: run.finished_at!,
        act: 'resume',
        ...about(run),
        temporalRunId: run.temporal_run_id,
        ...(error && { error: firstLine(error) }),
      };
    });
}

/** Unfinished runs that have lasted much longer than runs of their tapestry do. */
export function lateRuns(
  running: readonly RunRecord[],
  usual: readonly Statistics[],
  now: number,
): AttentionItem[] {
  const byTapestry = new Map(usual.map((one) => [one.name, one]));
  return running.flatMap((run): AttentionItem[] => {
    const { durationMs = null, ran = 0 } = byTapestry.get(run.tapestry) ?? {};
    if (!durationMs || ran < LEAST_RUNS) return [];
    const lasted = now - run.started_at;
    if (lasted < Math.max(durationMs.p95 * LATE, durationMs.p95 + LATE_MS)) return [];
    return [{ kind: 'late', at: run.started_at, act: 'open', ...about(run), usualMs: durationMs.p95 }];
  });
}

/** Schedules whose next run should have begun. */
export function lateSchedules(schedules: readonly ScheduleView[], now: number): AttentionItem[] {
  return schedules.flatMap(({ id, tapestry, paused, nextAt: [next] }): AttentionItem[] =>
    paused || next === undefined || next > now - SCHEDULE_MS
      ? []
      : [{ kind: 'late', at: next, act: 'open', tapestry, schedule: id }],
  );
}

export function waitsForPeople(approvals: readonly Approval[]): AttentionItem[] {
  return approvals.map(({ runId, tapestry, knotId, signal, since = 0 }) => ({
    kind: 'waits',
    at: since,
    act: 'answer',
    runId,
    tapestry,
    knotId,
    signal,
  }));
}

/** Tapestries and definitions that became slower or fail more often. */
export function regressions({ by, until, baseline }: Stats): AttentionItem[] {
  return (baseline?.regressions ?? []).map((one) => ({
    kind: 'worse',
    at: until,
    act: 'open',
    ...(by === 'tapestry' && { tapestry: one.name }),
    regression: one,
  }));
}

/** Sorts items newest first; those of equal times in a fixed order. */
export function newestFirst(items: readonly AttentionItem[]): AttentionItem[] {
  const nameOf = ({
    kind,
    runId,
    temporalRunId,
    schedule,
    knotId,
    regression: worse,
  }: AttentionItem): string =>
    [kind, runId, temporalRunId, schedule, knotId, worse?.name, worse?.what].join(' ');
  return [...items].sort((one, other) => other.at - one.at || (nameOf(one) < nameOf(other) ? -1 : 1));
}
