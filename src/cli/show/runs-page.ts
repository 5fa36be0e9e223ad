import type { AnswerOf } from '../../operations';
import type { RunSummary } from '../../operations/runs/summary';
import { formatDuration, formatTable, formatTime, formatValue, shorten } from '../output/format';
import type { Output } from '../output/output';
import { nextPageLines } from '../output/typed-commands';

const SHOWN_KEY = 40;
const SHOWN_PARAMETERS = 80;

const HEADINGS = ['RUN', 'TAPESTRY', 'STATUS', 'STARTED', 'TOOK', 'KNOTS', 'BY'];

export function describePage({ items, cursor }: AnswerOf<'runs.list'>, output: Output): string {
  const more = nextPageLines(cursor, output);
  if (items.length === 0) return ['No run fits.', ...more].join('\n');
  const hasTags = items.some(({ tags }) => tags.length > 0);
  const hasResumes = items.some(({ resumedAs }) => resumedAs);
  const hasEvents = items.some(({ triggerKey }) => triggerKey !== undefined);
  const hasParameters = items.some(({ parameters }) => parameters);
  const rows = items.map((run) => [
    run.runId,
    run.tapestry,
    run.recordedElsewhere ? 'not on record' : run.started === false ? 'not started' : run.status,
    formatTime(run.startedAt),
    run.finishedAt === undefined ? '' : formatDuration(run.finishedAt - run.startedAt),
    describeCounts(run),
    [run.actor, run.trigger].filter(Boolean).join(', '),
    ...(hasEvents ? [shorten(run.triggerKey ?? '', SHOWN_KEY)] : []),
    ...(hasResumes ? [run.resumedAs?.at(-1)?.runId ?? ''] : []),
    ...(hasTags ? [run.tags.join(', ')] : []),
    ...(hasParameters ? [shorten(parameterWords(run), SHOWN_PARAMETERS)] : []),
  ]);
  const headings = [
    ...HEADINGS,
    ...(hasEvents ? ['EVENT'] : []),
    ...(hasResumes ? ['RESUMED AS'] : []),
    ...(hasTags ? ['TAGS'] : []),
    ...(hasParameters ? ['PARAMETERS'] : []),
  ];
  return [formatTable(headings, rows), ...more].join('\n');
}

function parameterWords({ parameters = {} }: RunSummary): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${formatValue(name, value)}`)
    .join(', ');
}

function describeCounts({ counts }: RunSummary): string {
  return counts ? `${counts.ok} ok, ${counts.err} failed, ${counts.skipped} skipped` : '';
}
