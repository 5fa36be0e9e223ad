import {
  failedUnrun,
  recordWithoutBody,
  skippedUnrun,
  type Execution,
  type LoadedPlan,
  type OutcomeToRecord,
} from '../runtime';
import type { RunHistory } from '../ports';
import type { FinishRunRequest, RunCounts } from '../workflows/messages';
import type { Uses } from './worker-parts';

export const NO_COUNTS: RunCounts = { ok: 0, err: 0, skipped: 0 };

export function isSome({ ok, err, skipped }: RunCounts): boolean {
  return ok !== 0 || err !== 0 || skipped !== 0;
}

/** Records knots without an activity. Earlier records stand; returns how those change the counts, if they do. */
export async function recordUnrun(
  environment: Uses<'backends' | 'sha256'>,
  plan: LoadedPlan,
  execution: Execution,
  { failed, skipped }: Pick<FinishRunRequest, 'failed' | 'skipped'>,
): Promise<RunCounts | undefined> {
  const { runId, temporalRunId } = execution;
  const outcomes = new Map<string, OutcomeToRecord>();
  for (const { knot, message, type } of failed) {
    outcomes.set(knot, failedUnrun(runId, { knot, type, message }, environment.sha256));
  }
  for (const { knot, reason, ...which } of skipped) {
    outcomes.set(knot, skippedUnrun(plan, plan.knot(knot), reason, which));
  }
  if (outcomes.size === 0) return undefined;
  const { backends } = environment;
  const hashOf = await hashesOfParents(backends.runHistory, plan, temporalRunId, outcomes.keys());
  const results = await backends.commit(
    [...outcomes].map(([id, outcome]) => ({
      record: recordWithoutBody(plan, plan.knot(id), execution, outcome, hashOf),
      values: [],
    })),
  );
  const standing = { ...NO_COUNTS };
  for (const { record } of results) {
    const { kind } = outcomes.get(record.knot_id)!;
    if (record.outcome === kind) continue;
    standing[kind] -= 1;
    standing[record.outcome] += 1;
  }
  return isSome(standing) ? standing : undefined;
}

/** Reads the records of all parents of these knots. The returned function takes a parent's index in the plan. */
export async function hashesOfParents(
  runHistory: Pick<RunHistory, 'getRecords'>,
  plan: LoadedPlan,
  temporalRunId: string,
  knots: Iterable<string>,
): Promise<(parent: number) => string | null> {
  const parentIds = new Set<string>();
  for (const id of knots) {
    for (const input of Object.values(plan.knot(id).inputs)) {
      if ('parent' in input) parentIds.add(plan.parentId(input.parent));
    }
  }
  const parents = parentIds.size > 0 ? await runHistory.getRecords(temporalRunId, [...parentIds]) : [];
  const hashes = new Map(parents.map((record) => [record.knot_id, record.output_hash]));
  return (parent) => hashes.get(plan.parentId(parent)) ?? null;
}
