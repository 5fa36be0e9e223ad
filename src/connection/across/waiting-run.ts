import { z } from 'zod';
import type { WorkflowTaskCode, WaitingCode } from '../explain/waiting';
import type { RunQuery } from '../../ports';
import type { Duration } from '../../values/duration';

/** Which unfinished runs are asked about. All given conditions must hold. */
export type OpenRunsQuery = Omit<RunQuery, 'status' | 'limit' | 'cursor'>;

export interface WaitingRunsQuery extends OpenRunsQuery {
  /**
   * How long after the listing of all runs single ones are asked about: the rest is listed as `NotChecked`.
   * Default 10 s.
   */
  readonly within?: Duration;
}

/**
 * Why a run does not go on: a code of {@link WaitingCode} for its knots, or of {@link WorkflowTaskCode} for its workflow task. `NotChecked`: there was no
 * time to ask the server about it, see `within`. `PlanMissing`: the tapestry store lacks its plan.
 */
export type WaitingRunCode = WaitingCode | WorkflowTaskCode | 'NotChecked' | 'PlanMissing';

/** An unfinished run that waits. */
export const waitingRun = z.object({
  runId: z.string(),
  tapestry: z.string(),
  /** Empty if its starter left the plan to the worker, and no worker has begun it. */
  planHash: z.string(),
  /** Milliseconds since the epoch, like all times here. */
  startedAt: z.number(),
  /** Whether a worker has taken its first step. */
  started: z.boolean(),
  reason: z.object({ code: z.string() as unknown as z.ZodType<WaitingRunCode>, message: z.string() }),
  /** Since when what it waits for could have happened; if that is not known, since when it runs. */
  since: z.number(),
  /** The knot that holds it up, the most stuck of them. Absent: its workflow task does. */
  knotId: z.string().optional(),
  /** The body of that knot: `name@version` of its definition, or `tapestry#knot#node` of a function in place. */
  body: z.string().optional(),
  /** How many other knots wait, too. */
  otherKnots: z.int().optional(),
  /** The task queue in which it waits, if it does in one. */
  taskQueue: z.string().optional(),
  signal: z.string().optional(),
  until: z.number().optional(),
  /** For `BodyMissing`: the task queues that have workers with the body. */
  queuesWithBody: z.array(z.string()).readonly().optional(),
});
export type WaitingRun = Readonly<z.output<typeof waitingRun>>;

export interface WaitingRuns {
  /** Those that have waited longest first. */
  readonly items: readonly WaitingRun[];
  /** Number of unfinished runs that match the query. */
  readonly open: number;
  /** How many of them work: something of theirs is with a worker, and nothing waits. */
  readonly working: number;
}

/** What waiting runs may be counted by. */
export const WAITING_GROUPS = ['reason', 'version', 'knot', 'task-queue'] as const;
export type WaitingGroup = (typeof WAITING_GROUPS)[number];

/** Runs that wait for the same. */
export const waitingCount = z.object({
  key: z.string(),
  count: z.int(),
  /** Since when the first of them waits: milliseconds since the epoch. */
  since: z.number(),
  /** The id of that one. */
  oldestRunId: z.string(),
});
export type WaitingCount = z.output<typeof waitingCount>;

/** Counts waiting runs, the largest groups first. */
export function countWaiting(runs: readonly WaitingRun[], by: WaitingGroup): WaitingCount[] {
  const groups = new Map<string, WaitingCount>();
  for (const run of runs) {
    const key = keyOf(run, by);
    const group = groups.get(key);
    const isFirst = !group || run.since < group.since;
    groups.set(key, {
      key,
      count: (group?.count ?? 0) + 1,
      since: isFirst ? run.since : group.since,
      oldestRunId: isFirst ? run.runId : group.oldestRunId,
    });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1));
}

function keyOf({ reason, signal, body, knotId, tapestry, taskQueue }: WaitingRun, by: WaitingGroup): string {
  switch (by) {
    case 'reason':
      return signal === undefined ? reason.code : `${reason.code} ${signal}`;
    case 'version':
      return body ?? '(no knot)';
    case 'knot':
      return `${tapestry}/${knotId ?? '(workflow task)'}`;
    case 'task-queue':
      return taskQueue ?? '(none)';
  }
}
