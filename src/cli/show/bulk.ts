import type { BulkAction, BulkPlan, BulkProgress, BulkReport } from '../../client';
import { formatTable, joined, nameSome, plural, shorten } from '../output/format';
import { commandLine } from '../output/typed-commands';

const SHOWN_FAILURES = 50;
const SHOWN_MESSAGE = 140;

const WORDS: Readonly<Record<BulkAction['kind'], { readonly doing: string; readonly done: string }>> = {
  cancel: { doing: 'Cancel', done: 'asked to end' },
  terminate: { doing: 'Terminate', done: 'terminated' },
  resume: { doing: 'Resume', done: 'resumed' },
  signal: { doing: 'Signal', done: 'signalled' },
};

export function bulkQuestion({ action, runs }: BulkPlan): string {
  return `${WORDS[action.kind].doing} ${plural(runs.length, 'run')}?`;
}

export function describeBulkPlan({ action, runs }: BulkPlan): string {
  if (runs.length === 0) return `No run fits: there is nothing to ${action.kind}.`;
  const counts = new Map<string, string[]>();
  for (const { runId, tapestry } of runs) counts.set(tapestry, [...(counts.get(tapestry) ?? []), runId]);
  const rows = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([tapestry, ids]) => [tapestry || '(named)', String(ids.length), nameSome(ids, ids.length)]);
  return formatTable(['TAPESTRY', 'RUNS', 'WHICH'], rows);
}

/** Describes the operation in one line, which is shown while it runs. */
export function describeBulkProgress({ action, total, done, failed }: BulkProgress): string {
  return `${done} of ${plural(total, 'run')} ${WORDS[action.kind].done}${failed > 0 ? `, ${failed} failed` : ''}`;
}

/** @param elsewhere the options that name server and folder */
export function describeBulkReport(report: BulkReport, elsewhere: readonly string[]): string {
  const { id, failed, remaining, interruptedBy } = report;
  const rows = failed
    .slice(0, SHOWN_FAILURES)
    .map(({ runId, error }) => [runId, error!.code, shorten(error!.message, SHOWN_MESSAGE)]);
  const goOn = commandLine(['bulk', 'continue', id, ...elsewhere]);
  return joined(
    `${describeBulkProgress({ ...report, failed: failed.length })}${remaining > 0 ? `, ${remaining} left` : ''}.`,
    rows.length > 0 && formatTable(['RUN', 'FAILED', 'BECAUSE'], rows),
    failed.length > rows.length && `and ${failed.length - rows.length} more: --json has all`,
    interruptedBy && `Broken off: ${interruptedBy.code}: ${interruptedBy.message}`,
    (remaining > 0 || failed.length > 0) && `To ${remaining > 0 ? 'go on' : 'try those again'}: ${goOn}`,
  );
}
