import { RUN_STATUSES } from '../../authoring/outcome';
import type { AnswerOf } from '../../operations';
import type { AttentionItem } from '../../operations/project/attention';
import { overview } from '../../operations/project/overview';
import { formatAge, formatDuration, formatTable, formatTime, plural, shorten } from '../output/format';
import type { Output } from '../output/output';
import { formatBytes } from '../../visualisation/words';
import { FILE, commandLine, resumeCommand, signalCommand } from '../output/typed-commands';
import { placeWords, type ServerOptions } from '../options/server-options';
import { makeVerb } from '../table/verb-of-table';
import { regressionSentence } from './stats';

type Overview = AnswerOf<'project.overview'>;

const SHOWN_TEXT = 100;

export const addOverview = makeVerb(overview, (answer, _, output, options) =>
  [
    ...attentionLines(answer, options, output),
    '',
    ...hourLines(answer),
    '',
    ...scheduleLines(answer),
    '',
    ...healthLines(answer, output),
  ].join('\n'),
);

function attentionLines(
  { attention, total, until }: Overview,
  options: ServerOptions,
  output: Output,
): string[] {
  if (total === 0) return [output.green('Nothing needs attention.')];
  const rows = attention.map((item) => [
    formatAge(item.at, until),
    item.kind,
    item.runId ?? item.schedule ?? '',
    shorten(textOf(item, until), SHOWN_TEXT),
    nextStep(item, options),
  ]);
  return [
    formatTable(['AGE', 'WHAT', 'RUN', 'DETAIL', 'NEXT'], rows),
    ...(total > attention.length ? [`${total - attention.length} more: raise --limit.`] : []),
  ];
}

function textOf(item: AttentionItem, now: number): string {
  switch (item.kind) {
    case 'failed':
      return item.error ? `${item.error.type}: ${item.error.message}` : '';
    case 'late':
      return item.usualMs === undefined
        ? 'its next run has not begun'
        : `has run for ${formatDuration(now - item.at)}, usually ${formatDuration(item.usualMs)} at most`;
    case 'waits':
      return `knot ${item.knotId} waits for signal ${item.signal}`;
    case 'worse':
      return regressionSentence(item.regression!);
  }
}

function nextStep(
  { act, runId, signal, schedule, regression }: AttentionItem,
  options: ServerOptions,
): string {
  const elsewhere = placeWords(options);
  if (act === 'resume') return resumeCommand(runId!, FILE, elsewhere);
  if (act === 'answer') return signalCommand(runId!, signal!, elsewhere);
  if (schedule !== undefined) return commandLine(['schedules', 'show', schedule, ...elsewhere]);
  if (!regression) return commandLine(['watch', runId!, ...elsewhere]);
  // It asks no server.
  return commandLine(['stats', ...placeWords({ projectDir: options.projectDir })]);
}

function hourLines({ hours, truncated, since }: Overview): string[] {
  if (hours.length === 0) return [`No run has begun since ${formatTime(since)}. Start one: selvage run FILE`];
  const shown = RUN_STATUSES.filter((status) => hours.some(({ counts }) => counts[status] !== undefined));
  const rows = hours.map(({ at, counts }) => [
    formatTime(at),
    ...shown.map((status) => (counts[status] === undefined ? '' : String(counts[status]))),
  ]);
  return [
    formatTable(['RUNS BEGUN IN', ...shown.map((status) => status.toUpperCase())], rows),
    ...(truncated ? ['Not all runs were read: there may be more.'] : []),
  ];
}

function scheduleLines({ schedules, until }: Overview): string[] {
  if (!schedules) return ['The server is away, so that schedules are unknown.'];
  if (schedules.length === 0)
    return ['No schedule is due. To deploy schedules, run selvage schedules deploy FILE'];
  const rows = schedules.map(({ id, tapestry, at }) => [
    formatTime(at),
    id,
    tapestry,
    at > until ? `in ${formatDuration(at - until)}` : 'now',
  ]);
  return [formatTable(['NEXT RUN', 'SCHEDULE', 'TAPESTRY', ''], rows)];
}

type HistorySpace = NonNullable<Overview['health']['history']>;

function historyWords({ technology, bytes, freeBytes }: HistorySpace): string {
  const free = freeBytes === undefined ? '' : ` Its disk has ${formatBytes(freeBytes)} left.`;
  return `The run history (${technology}) takes ${formatBytes(bytes)}.${free}`;
}

const leastOf = (atLeast: boolean): string => (atLeast ? 'at least ' : '');

function healthLines(
  { health: { server, workers, history, emitters, triggers } }: Overview,
  output: Output,
): string[] {
  const troubles = [
    ...(server === 'connected' ? [] : [`The Temporal server is ${server}.`]),
    ...(workers?.queuesWithoutWorker ?? []).map(
      (queue) => `No worker serves task queue ${queue}, which has unfinished runs.`,
    ),
    ...emitters.map(
      ({ name, state, lag }) =>
        `Emitter ${name} is ${state}, and ${leastOf(lag.atLeast)}${plural(lag.changes, 'change')} behind.`,
    ),
    ...triggers.map(
      ({ name, pendingCount, atLeast }) =>
        `Trigger ${name} has ${leastOf(atLeast)}${plural(pendingCount, 'event')} without a run.`,
    ),
  ];
  const alive = workers ? [`${plural(workers.alive, 'worker')} alive.`] : ['Workers are unknown.'];
  return [
    ...alive,
    ...(history ? [historyWords(history)] : []),
    ...troubles.map((one) => output.yellow(one)),
  ];
}
