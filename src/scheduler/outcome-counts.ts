import type { OutcomeKind } from '../authoring/outcome';

type OutcomeCounts = Readonly<Record<OutcomeKind, number>>;

export function sumOf(counts: OutcomeCounts, more: OutcomeCounts | undefined): OutcomeCounts {
  if (!more) return counts;
  return { ok: counts.ok + more.ok, err: counts.err + more.err, skipped: counts.skipped + more.skipped };
}
