import { list } from '../../operations/partitions/list';
import { formatTable, formatTime, plural } from '../output/format';
import { makeVerb } from '../table/verb-of-table';

const SHOWN = 100;

export const addPartitions = makeVerb(list, ({ counts, items }, { limit = SHOWN }, output) => {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  const count = parts.reduce((sum, [, each]) => sum + each, 0);
  const total = plural(count, 'partition');
  if (count === 0) return total;
  const shown = items.slice(-limit);
  const rows = shown.map(({ key, state, open, latestRun, runs, reasons }) => [
    key,
    open ? `${state}, not over` : state,
    latestRun ? formatTime(latestRun.startedAt) : '',
    latestRun ? `${latestRun.runId}${runs > 1 ? ` (of ${runs})` : ''}` : '',
    reasons.map(({ explanation }) => explanation).join('; '),
  ]);
  const left = count - shown.length;
  return [
    formatTable(['PARTITION', 'STATE', 'STARTED', 'RUN', 'WHY'], rows),
    ...(left > 0 ? [output.dim(`${left} before these are not shown: --limit, --from or --state.`)] : []),
    `${total}: ${parts.map(([state, each]) => `${each} ${state}`).join(', ')}`,
  ].join('\n');
});
