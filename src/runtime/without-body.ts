import type { Sha256 } from '../values';
import type { PlanKnot } from '../plan';
import type { LineageRecord, SkipReason } from '../ports';
import { errorId } from './exception-record';
import { lineageRecord, type Execution, type OutcomeToRecord } from './lineage';
import type { LoadedPlan } from './loaded-plan';

/**
 * A record of a parameter, a value recorded again, a path of a branch, or a skipped or failed knot that did not run.
 */
export function recordWithoutBody(
  plan: LoadedPlan,
  knot: PlanKnot,
  execution: Execution,
  outcome: OutcomeToRecord,
  hashOfParent: (index: number, input: string) => string | null = () => null,
): LineageRecord {
  return lineageRecord(plan, knot, execution, outcome, hashOfParent, null, null);
}

export function failedUnrun(
  runId: string,
  { knot, type, message }: { readonly knot: string; readonly type: string; readonly message: string },
  sha256: Sha256,
): OutcomeToRecord {
  const id = errorId({ runId, knotId: knot, type, message }, sha256);
  return { kind: 'err', error: { id, type, message, traceback: '', attempt: 0 } };
}

export function skippedUnrun(
  plan: LoadedPlan,
  knot: PlanKnot,
  reason: SkipReason,
  { anyErr = false, anySkipped = false }: { readonly anyErr?: boolean; readonly anySkipped?: boolean },
): OutcomeToRecord {
  if (reason !== 'parent_failed_or_skipped') return { kind: 'skipped', reason };
  const parents = new Set<string>();
  for (const name in knot.inputs) {
    const input = knot.inputs[name]!;
    if ('parent' in input) parents.add(plan.parentId(input.parent));
  }
  return { kind: 'skipped', reason, detail: { anyErr, anySkipped, parents: [...parents] } };
}
