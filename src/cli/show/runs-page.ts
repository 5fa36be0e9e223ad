import type { RunsPage } from '../../client';
import { namedIn } from '../../connection/resumes';
import type { RunRecord } from '../../ports';
import { formatDuration, formatTable, formatTime, shorten } from '../output/format';
import type { Output } from '../output/output';
import { nextPageLines } from '../output/typed-commands';

/** Characters of an event's key that are shown. */
const SHOWN_KEY = 40;

const HEADINGS = ['RUN', 'TAPESTRY', 'STATUS', 'STARTED', 'TOOK', 'KNOTS', 'BY'];

export function describePage({ items, cursor }: RunsPage, output: Output): string {
  const more = nextPageLines(cursor, output);
  if (items.length === 0) return ['No run fits.', ...more].join('\n');
  const hasTags = items.some(({ tags }) => tags.length > 0);
  const hasResumes = items.some((run) => namedIn(run).length > 0);
  const hasEvents = items.some(({ trigger_key }) => trigger_key !== null);
  const rows = items.map((run) => [
    run.run_id,
    run.tapestry,
    run.details['recorded_elsewhere'] ? 'not on record' : isUnbegun(run) ? 'not started' : run.status,
    formatTime(run.started_at),
    run.finished_at === null ? '' : formatDuration(run.finished_at - run.started_at),
    describeCounts(run),
    [run.actor, run.trigger].filter(Boolean).join(', '),
    ...(hasEvents ? [shorten(run.trigger_key ?? '', SHOWN_KEY)] : []),
    ...(hasResumes ? [namedIn(run).at(-1) ?? ''] : []),
    ...(hasTags ? [run.tags.join(', ')] : []),
  ]);
  const headings = [
    ...HEADINGS,
    ...(hasEvents ? ['EVENT'] : []),
    ...(hasResumes ? ['RESUMED AS'] : []),
    ...(hasTags ? ['TAGS'] : []),
  ];
  return [formatTable(headings, rows), ...more].join('\n');
}

function isUnbegun({ status, details }: RunRecord): boolean {
  return status === 'running' && details['begun'] === false;
}

function describeCounts(run: RunRecord): string {
  const { counts } = run.details as { counts?: { ok: number; err: number; skipped: number } };
  return counts ? `${counts.ok} ok, ${counts.err} failed, ${counts.skipped} skipped` : '';
}
