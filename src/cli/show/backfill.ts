import { triggerOfBackfill, type BackfillReport, type BackfilledPartition } from '../../backfills';
import type { Selvage } from '../../client';
import type { BackfillOptions } from '../../connection/backfills';
import type { Backends } from '../../ports';
import type { PartitionState } from '../../records/questions';
import type { AnyTapestry } from '../../authoring';
import { formatTable, plural, shorten } from '../output/format';
import type { Output } from '../output/output';
import { everyItem } from '../../ports/parts/every-item';

const SHOWN = 20;

/** A backfill's report; if it was cut short, the records of its runs. */
export async function backfillLines(
  backends: Backends,
  runId: string,
  report: BackfillReport | undefined,
  output: Output,
): Promise<string[]> {
  if (report) return reportLines(report, output);
  const { counts, stopped } = await startedRuns(backends, runId);
  if (counts.size === 0) return [];
  const states = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  const named = stopped.slice(0, SHOWN).join(', ');
  const more = stopped.length > SHOWN ? `, and ${stopped.length - SHOWN} more` : '';
  return [
    `Runs that it has started: ${states}.`,
    ...(stopped.length > 0 ? [`Cancelled with it: ${named}${more}.`] : []),
  ];
}

/** Why a backfill has nothing to make: states of the partitions in its range. */
export async function nothingToMake(
  selvage: Selvage,
  tapestry: AnyTapestry,
  { from, to, keys, parameters }: BackfillOptions,
): Promise<string> {
  const all = await selvage.partitions.list(tapestry, { from, to, parameters });
  const named = keys && new Set(keys);
  const counts = new Map<PartitionState, number>();
  for (const { key, state } of all)
    if (!named || named.has(key)) counts.set(state, (counts.get(state) ?? 0) + 1);
  const [[state, count] = ['ok', 0], ...others] = [...counts];
  if (count === 0) return 'Nothing to make: no partition has closed yet.';
  if (others.length === 0)
    return `Nothing to make: ${count === 1 ? 'the partition is' : `all ${count} partitions are`} ${state}.`;
  const states = [...counts].map(([each, of]) => `${of} ${each}`).join(', ');
  return `Nothing to make. The partitions: ${states}.`;
}

function reportLines({ partitions, notOk, ...report }: BackfillReport, output: Output): string[] {
  if (partitions === 0) return ['Nothing to make.'];
  const states = (['ok', 'failed', 'cancelled', 'held'] as const)
    .filter((state) => state === 'ok' || report[state] > 0)
    .map((state) => `${report[state]} ${state}`);
  const awaited = report.awaited > 0 ? `; ${report.awaited} had a run already` : '';
  const bad = partitions - report.ok;
  return [
    `${plural(partitions, 'partition')}: ${states.join(', ')}${awaited}.`,
    ...(bad > 0 ? [formatTable(['PARTITION', 'STATE', 'RUN', 'WHY'], notOk.slice(0, SHOWN).map(row))] : []),
    ...(bad > SHOWN ? [output.dim(`… and ${bad - SHOWN} more`)] : []),
  ];
}

function row({ key, state, runId = '', reason = '' }: BackfilledPartition): string[] {
  return [key, state, runId, shorten(reason, 200)];
}

async function startedRuns(
  { runHistory }: Backends,
  runId: string,
): Promise<{ readonly counts: ReadonlyMap<string, number>; readonly stopped: readonly string[] }> {
  const counts = new Map<string, number>();
  const stopped: string[] = [];
  const trigger = triggerOfBackfill(runId);
  for await (const { status, run_id } of everyItem((page) => runHistory.listRuns({ trigger, ...page }))) {
    counts.set(status, (counts.get(status) ?? 0) + 1);
    if (status === 'cancelled') stopped.push(run_id);
  }
  return { counts, stopped: stopped.sort() };
}
