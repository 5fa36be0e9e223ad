import { branchOf } from '../scheduler';
import type { Layout } from '../plan';
import type { LineageRecord } from '../ports';

export interface ResumeCandidate {
  readonly index: number;
  readonly record: LineageRecord;
}

/**
 * Knots that a resuming run takes over by their records: all Ok ones, except those that run again or depended
 * on a failure, and everything downstream of these. A path runs again with its branch.
 *
 * @param earlier records of the resumed run, by knot id
 * @param from ids of knots that are to run again
 */
export function resumeCandidates(
  layout: Layout,
  earlier: ReadonlyMap<string, LineageRecord>,
  from: readonly string[],
): {
  readonly candidates: readonly ResumeCandidate[];
  /** Marks by index in the layout: 1 if the knot runs again although it was Ok. */
  readonly again: Uint8Array;
} {
  const chosen = from.map((id) => withBranch(layout, id));
  const again = withDescendants(layout, new Set([...chosen, ...madeOfFailures(layout, earlier)]));
  const candidates = layout.ids.flatMap((id, index) => {
    const record = earlier.get(id);
    return record?.outcome === 'ok' && again[index] === 0 ? [{ index, record }] : [];
  });
  return { candidates, again };
}

export function withValues(
  layout: Layout,
  candidates: readonly ResumeCandidate[],
  present: ReadonlySet<string>,
): ResumeCandidate[] {
  const isPresent = new Set(
    candidates.flatMap(({ index, record }) => (present.has(record.output_hash!) ? [index] : [])),
  );
  // A path is settled with its branch, so neither is taken over without the other.
  for (const { index } of candidates) {
    const branch = branchOf(layout, index);
    if (branch !== undefined && !isPresent.has(index)) isPresent.delete(branch);
  }
  return candidates.filter(({ index }) => {
    const branch = branchOf(layout, index);
    return isPresent.has(index) && (branch === undefined || isPresent.has(branch));
  });
}

/**
 * Knots that received a failed or skipped parent that runs again. Excludes knots that were skipped only because a path
 * was not selected: that choice will not change.
 */
function madeOfFailures({ ids }: Layout, records: ReadonlyMap<string, LineageRecord>): string[] {
  const made: string[] = [];
  const unselected = new Set<string>();
  // Parents come before children in the layout.
  for (const id of ids) {
    const record = records.get(id);
    if (!record) continue;
    const { outcome, skip_reason, parent_input_hashes, parent_knot_ids } = record;
    const isOfFailure = Object.entries(parent_input_hashes).some(
      ([name, hash]) => hash === null && !unselected.has(parent_knot_ids[name]!),
    );
    if (skip_reason === 'branch_not_selected') unselected.add(id);
    else if (skip_reason === 'parent_failed_or_skipped' && !isOfFailure) unselected.add(id);
    else if (outcome === 'ok' && isOfFailure) made.push(id);
  }
  return made;
}

/** A path is decided by its branch, so the branch runs again. */
function withBranch(layout: Layout, id: string): string {
  const index = layout.ids.indexOf(id);
  const branch = index < 0 ? undefined : branchOf(layout, index);
  return branch === undefined ? id : layout.ids[branch]!;
}

/** Marks with 1 the index of each of these knots, and of each knot downstream of them. */
function withDescendants(
  { ids, size, childStart, children }: Layout,
  chosen: ReadonlySet<string>,
): Uint8Array {
  const marked = Uint8Array.from(ids, (id) => (chosen.has(id) ? 1 : 0));
  // Parents come before children in the layout.
  for (let knot = 0; knot < size; knot++) {
    if (marked[knot] === 0) continue;
    for (let edge = childStart[knot]!; edge < childStart[knot + 1]!; edge++) marked[children[edge]!] = 1;
  }
  return marked;
}
