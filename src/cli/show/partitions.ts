import { PARTITION_STATES } from '../../connection/list-partitions';
import { staleReasonText, type PartitionState, type PartitionStatus } from '../../records/questions';
import { formatTable, formatTime, plural } from '../output/format';
import type { Output } from '../output/output';

export function countsOf(partitions: readonly PartitionStatus[]): Record<PartitionState, number> {
  const counts = { missing: 0, running: 0, ok: 0, stale: 0, failed: 0 };
  for (const { state } of partitions) counts[state] += 1;
  return counts;
}

export function describe(
  partitions: readonly PartitionStatus[],
  shown: readonly PartitionStatus[],
  output: Output,
): string {
  const counts = countsOf(partitions);
  const parts = PARTITION_STATES.filter((state) => counts[state] > 0).map(
    (state) => `${counts[state]} ${state}`,
  );
  const total = plural(partitions.length, 'partition');
  if (shown.length === 0) return total;
  const summary = `${total}: ${parts.join(', ')}`;
  const rows = shown.map(({ key, state, open, latestRun, runs, reasons }) => [
    key,
    open ? `${state}, not over` : state,
    latestRun ? formatTime(latestRun.startedAt) : '',
    latestRun ? `${latestRun.runId}${runs > 1 ? ` (of ${runs})` : ''}` : '',
    reasons.map(staleReasonText).join('; '),
  ]);
  const table = formatTable(['PARTITION', 'STATE', 'STARTED', 'RUN', 'WHY'], rows);
  const left = partitions.length - shown.length;
  const before =
    left > 0 ? [output.dim(`${left} before these are not shown: --limit, --from or --state.`)] : [];
  return [table, ...before, summary].join('\n');
}
