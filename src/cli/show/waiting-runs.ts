import type { z } from 'zod';
import type { WaitingRun } from '../../connection/across/waiting-run';
import { waiting } from '../../operations/runs/waiting';
import { formatAge, formatTable, plural, shorten } from '../output/format';
import { makeVerb } from '../table/verb-of-table';

const SHOWN_MESSAGE = 100;

export const addWaiting = makeVerb(waiting, (answer, { by }) => {
  const { items, counts } = answer;
  const now = Date.now();
  const lines: string[] = [];
  if (by && counts && counts.length > 0) {
    const rows = counts.map(({ key, count, since, oldestRunId }) => [
      key,
      String(count),
      formatAge(since, now),
      oldestRunId,
    ]);
    lines.push(formatTable([by.toUpperCase().replace('-', ' '), 'RUNS', 'LONGEST', 'RUN'], rows));
  } else if (items.length > 0) lines.push(describeRuns(items, now));
  return [...lines, ...totalsOf(answer)].join('\n');
});

function describeRuns(runs: readonly WaitingRun[], now: number): string {
  const rows = runs.map(({ runId, knotId = '', since, reason, otherKnots = 0 }) => [
    runId,
    knotId,
    formatAge(since, now),
    reason.code,
    shorten(reason.message, SHOWN_MESSAGE) +
      (otherKnots > 0 ? ` (and ${plural(otherKnots, 'other knot')})` : ''),
  ]);
  return formatTable(['RUN', 'KNOT', 'WAITS', 'REASON', 'DETAIL'], rows);
}

function totalsOf(answer: z.output<typeof waiting.answer>): string[] {
  const { items, counts, open, working, waiting: count, notAsked } = answer;
  const more = counts ? 0 : count + notAsked - items.length;
  return [
    `${plural(open, 'unfinished run')}: ${count} ${count === 1 ? 'waits' : 'wait'}, ${working} ${working === 1 ? 'works' : 'work'}.`,
    ...(notAsked > 0
      ? [`${notAsked} could not be asked about in time: more --within, or fewer (--tapestry, --since).`]
      : []),
    ...(more > 0 ? [`${more} more wait: --limit, or --by to count them.`] : []),
  ];
}
