import { z } from 'zod';
import type { WorkflowTaskCode, WaitingCode } from '../explain/waiting';
import type { RunQuery } from '../../ports';
import type { Duration } from '../../values/duration';

/** Selects the unfinished runs for which all given conditions hold. */
export type OpenRunsQuery = Omit<RunQuery, 'status' | 'limit' | 'cursor'>;

export interface WaitingRunsQuery extends OpenRunsQuery {
  /** Time for questions about single runs, after all are listed; further runs are `NotChecked`. Default 10 s. */
  readonly within?: Duration;
}

/**
 * Why a run does not go on: a code of its knots, or of its workflow task. `NotChecked`: there was no time to
 * ask the server, see `within`. `PlanMissing`: the tapestry store lacks the run's plan.
 */
export type WaitingRunCode = WaitingCode | WorkflowTaskCode | 'NotChecked' | 'PlanMissing';

export const waitingRun = z.object({
  runId: z.string(),
  tapestry: z.string(),
  /** Hash of the plan; empty if the run's starter left the plan to the worker, which has not begun the run. */
  planHash: z.string(),
  /** When the run began: milliseconds since the epoch, like all times here. */
  startedAt: z.number(),
  /** Whether a worker has taken the run's first step. */
  started: z.boolean(),
  reason: z.object({ code: z.string() as unknown as z.ZodType<WaitingRunCode>, message: z.string() }),
  /** When the wait began; if that is not known, when the run began. */
  since: z.number(),
  /** The most stuck of the run's knots; absent if its workflow task holds the run up. */
  knotId: z.string().optional(),
  /** The body of the knot: `name@version` of its definition, or `tapestry#knot#node` of a function in place. */
  body: z.string().optional(),
  otherKnots: z.int().optional(),
  taskQueue: z.string().optional(),
  signal: z.string().optional(),
  until: z.number().optional(),
  /** For `BodyMissing`: the task queues that have workers with the body. */
  queuesWithBody: z.array(z.string()).readonly().optional(),
});
export type WaitingRun = Readonly<z.output<typeof waitingRun>>;

export interface WaitingRuns {
  /** Longest waiting first. */
  readonly items: readonly WaitingRun[];
  /** Number of unfinished runs that match the query. */
  readonly open: number;
  /** How many of these runs have work with a worker, and no knot that waits. */
  readonly working: number;
}

export const WAITING_GROUPS = ['reason', 'version', 'knot', 'task-queue'] as const;
export type WaitingGroup = (typeof WAITING_GROUPS)[number];

export const waitingCount = z.object({
  key: z.string(),
  count: z.int(),
  /** When the first run of the group began to wait: milliseconds since the epoch. */
  since: z.number(),
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
