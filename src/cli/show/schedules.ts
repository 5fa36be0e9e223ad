import type { Command } from 'commander';
import type { z } from 'zod';
import { schedules } from '../../operations/schedules';
import type { list } from '../../operations/schedules/list';
import { preview } from '../../operations/schedules/preview';
import type { show } from '../../operations/schedules/show';
import { canonicalJson, type Json } from '../../values';
import { durationWords } from '../../values/duration';
import type { Does } from '../options/does';
import { formatTable, formatTime, indented, joined, plural } from '../output/format';
import type { Output } from '../output/output';
import { verbsOf } from '../table/verb-of-table';
import { addSchedulesCompare, addSchedulesDeploy } from '../verbs/schedules/declared';
import { changeLines } from './schedule-changes';
import { describePreview, timeRows } from './schedule-times';

function describeList({ items, unreadable }: z.output<typeof list.answer>): string {
  const rows = [
    ...items.map(({ id, tapestry, times, timezone, paused, nextAt, changedOnServer, deployed }) => [
      id,
      tapestry,
      times,
      timezone,
      paused ? 'paused' : nextAt[0] === undefined ? 'none' : formatTime(nextAt[0]),
      changedOnServer.length > 0 || !deployed ? 'changed on the server' : '',
    ]),
    ...unreadable.map(({ id, code }) => [id, '', '', '', '', `unreadable: ${code}`]),
  ];
  if (rows.length === 0) return 'No schedule was deployed.';
  return formatTable(['SCHEDULE', 'TAPESTRY', 'TIMES', 'TIMEZONE', 'NEXT', 'STATE'], rows);
}

function describeSchedule(schedule: z.output<typeof show.answer>, output: Output): string {
  const { id, times, timezone, catchupMs, jitterMs, deployed, paused, remaining, counts, nextAt } = schedule;
  const { recent, changedOnServer } = schedule;
  const others = (['plannedTime', 'plan', 'tags', 'parameters', 'others'] as const)
    .filter((part) => Object.keys(schedule[part] ?? {}).length > 0)
    .map((part): [string, string] => [part, textOf(schedule[part])]);
  const lines: [string, string | null][] = [
    ['tapestry', schedule.tapestry],
    [
      'starts',
      schedule.isBackfill
        ? 'a backfill of its partitions that have closed within catchup and have no run'
        : null,
    ],
    ['times', `${times} (${timezone}): ${schedule.description}`],
    ['overlap', schedule.overlap],
    ['catchup', catchupMs === 0 ? 'none' : durationWords(catchupMs)],
    ['jitter', jitterMs === 0 ? null : `up to ${durationWords(jitterMs)}`],
    ...others,
    ['queue', schedule.taskQueue],
    ['state', paused ? 'paused' : 'active'],
    ['note', schedule.note],
    ['left', remaining === null ? null : plural(remaining, 'run')],
    [
      'counts',
      `${counts.started} started, ${counts.skipped} skipped by overlap, ${counts.missed} missed by catchup`,
    ],
    ['deployed', deployed && [deployed.source, deployed.actor, deployed.commit].filter(Boolean).join(', ')],
  ];
  return joined(
    output.bold(id),
    ...lines.filter(([, text]) => text).map(([name, text]) => `  ${output.dim(name.padEnd(11))} ${text}`),
    !deployed && ['', output.yellow('It was made, or replaced, on the server by other means than a deploy.')],
    changedOnServer.length > 0 && [
      '',
      output.yellow('Changed on the server since it was deployed (- now, + deployed)'),
      ...changeLines(changedOnServer, output),
    ],
    '',
    output.bold('Next'),
    nextAt.length > 0
      ? timeRows(nextAt, timezone, Date.now())
      : paused
        ? '  none while it is paused'
        : '  none',
    '',
    output.bold('Last runs'),
    recent.length === 0
      ? '  none'
      : indented(
          formatTable(
            ['RUN', 'PLANNED', 'STARTED', 'STATUS'],
            recent.map(({ runId, plannedAt, startedAt, status }) => [
              runId,
              new Date(plannedAt).toISOString(),
              formatTime(startedAt),
              status ?? 'not started',
            ]),
          ),
        ),
  );
}

function textOf(part: unknown): string {
  if (Array.isArray(part)) return part.join(', ');
  return typeof part === 'string' ? part : canonicalJson(part as Json);
}

const addOthers = verbsOf(schedules, {
  'schedules.list'(answer, _, output) {
    for (const { message } of answer.unreadable) output.warn(`${output.yellow('warning')} ${message}`);
    return describeList(answer);
  },
  'schedules.show': (schedule, _, output) => describeSchedule(schedule, output),
  'schedules.pause': ({ note }, { schedule }) =>
    `Schedule ${schedule} is paused: ${note}. Its runs go on; \`selvage schedules resume ${schedule}\` lets it start more.`,
  'schedules.resume': ({ nextAt: [next] }, { schedule }) =>
    `Schedule ${schedule} is active again. ${next === undefined ? 'It has no time to come.' : `Next: ${new Date(next).toISOString()}.`}`,
  'schedules.trigger'({ outcome, runId }, { schedule }) {
    if (outcome === 'started')
      return `Run ${runId} has started. \`selvage runs show ${runId}\` shows how it stands.`;
    return outcome === 'waits'
      ? `A run of ${schedule} will start when another one is over.`
      : `No run of ${schedule} was started: another one is not over.`;
  },
  'schedules.delete': (_, { schedule }) => `Schedule ${schedule} is deleted. Runs that it has started go on.`,
  'schedules.preview'(answer, ask, output) {
    const { from = Date.now() } = preview.ask.parse(ask);
    return describePreview(answer, from, output);
  },
});

export function addSchedules(schedules: Command, does: Does): void {
  addSchedulesDeploy(schedules, does);
  addSchedulesCompare(schedules, does);
  addOthers(schedules, does);
}
