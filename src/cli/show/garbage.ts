import { formatBytes } from '../../visualisation/words';
import type { GarbageReport, ValueTotal } from '../../records/retention';
import { EXIT } from '../output/exit-codes';
import { formatTime, joined, plural, shorten } from '../output/format';
import type { Interruption } from '../process/interruption';

export function exitCodeOf(
  { complete, unavailable }: Pick<GarbageReport, 'complete' | 'unavailable'>,
  interruption: Interruption,
): number {
  if (complete) return EXIT.ok;
  return unavailable ? EXIT.runFailed : interruption.exitCode;
}

export function describeGarbage(report: GarbageReport): string {
  const { dryRun, complete, unavailable, examined, unreferenced, expired, until, heldBy, last } = report;
  const removed = dryRun ? 'would be removed' : 'removed';
  return joined(
    `${total(examined)} looked at.`,
    `${total(unreferenced)} that no record names ${removed}.`,
    expired.count > 0 && `${total(expired)} older than the TTL ${removed}.`,
    `Values put since ${formatTime(until)} stay.`,
    heldBy &&
      `Run ${heldBy.runId} is not over since ${formatTime(heldBy.since)}: what was put since then stays for its sake.`,
    !complete &&
      (unavailable
        ? `What is behind ${last ?? 'the beginning'} was not looked at: ${unavailable.code}: ${unavailable.message} The next one does the rest.`
        : `Interrupted${last === undefined ? ' before the first page' : ` after ${last}`}: the next one does the rest.`),
  );
}

function total({ count, bytes }: ValueTotal): string {
  return `${plural(count, 'value')} (${formatBytes(bytes)})`;
}

export function listed(runs: readonly string[]): string {
  return shorten(runs.join(', '), 1_000);
}
