import type {
  ComparedSchedule,
  DeployedSchedule,
  ScheduleChange,
  ScheduleHistory,
  ScheduleState,
  UnreadableSchedule,
} from '../../client';
import { PART_NAMES, partText, startedBy, timesText } from '../../connection/schedules';
import { timesWords } from '../../connection/schedules/schedule-words';
import { formatTable, formatTime, indented, plural } from '../output/format';
import type { Output } from '../output/output';
import { timeRows } from './schedule-times';

const DONE: Readonly<Record<DeployedSchedule['action'], readonly [did: string, would: string]>> = {
  created: ['created', 'would be created'],
  updated: ['updated', 'would be updated'],
  kept: ['is as declared', 'is as declared'],
  deleted: ['deleted', 'would be deleted'],
  left: ['is not declared any more', 'is not declared any more'],
};

export function deployedLines(one: DeployedSchedule, dryRun: boolean, output: Output): string[] {
  const [did, would] = DONE[one.action];
  const notes = [
    ...(one.paused ? ['paused, and stays so'] : []),
    ...(one.owner === undefined ? [] : [`taken over from ${one.owner ?? 'other means'}`]),
  ];
  const note = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return [`${output.bold(one.id)} ${dryRun ? would : did}${note}`, ...changeLines(one.changes, output)];
}

const CHANGED_BY: Readonly<Record<ScheduleChange['changedBy'], string>> = {
  file: '',
  server: 'changed on the server',
  both: 'changed in the file and on the server',
};

export function changeLines(changes: readonly ScheduleChange[], output: Output): string[] {
  return changes.flatMap(({ part, declared, onServer, changedBy }) => [
    `  ${PART_NAMES[part]}${CHANGED_BY[changedBy] && output.yellow(` (${CHANGED_BY[changedBy]})`)}`,
    output.red(`    - ${onServer}`),
    output.green(`    + ${declared}`),
  ]);
}

const STANDINGS: Readonly<Record<ComparedSchedule['change'], string>> = {
  new: 'not deployed',
  same: 'as declared',
  changed: 'differs',
  gone: 'not declared any more',
};

export function describeList(
  schedules: readonly (ScheduleState | UnreadableSchedule)[],
  compared: readonly ComparedSchedule[] | undefined,
): string {
  const standings = new Map(compared?.map((one) => [one.id, STANDINGS[one.change]]));
  const onServer = new Set(schedules.map(({ id }) => id));
  const rows = [
    ...schedules.map((schedule) => {
      const { id } = schedule;
      if ('unreadable' in schedule) return [id, '', '', '', '', `unreadable: ${schedule.unreadable.code}`];
      const { form, paused, nextAt, changedOnServer, deployed } = schedule;
      return [
        id,
        startedBy(form).tapestry,
        timesText(form.times),
        form.timezone,
        paused ? 'paused' : nextAt[0] === undefined ? 'none' : formatTime(nextAt[0]),
        [
          ...(compared ? [standings.get(id) ?? ''] : []),
          ...(changedOnServer.length > 0 || !deployed ? ['changed on the server'] : []),
        ]
          .filter(Boolean)
          .join(', '),
      ];
    }),
    ...(compared ?? [])
      .filter(({ id }) => !onServer.has(id))
      .map(({ id }) => [id, '', '', '', '', standings.get(id)!]),
  ];
  if (rows.length === 0) return 'No schedule was deployed.';
  return formatTable(['SCHEDULE', 'TAPESTRY', 'TIMES', 'TIMEZONE', 'NEXT', 'STATE'], rows);
}

export function describeSchedule(schedule: ScheduleHistory, output: Output): string {
  const { id, form, deployed, paused, note, remaining, counts, nextAt, runs, changedOnServer } = schedule;
  const now = Date.now();
  const started = startedBy(form);
  const declared = { ...form, parameters: started.parameters as typeof form.parameters, plan: started.plan };
  const others = (['plannedTime', 'plan', 'tags', 'parameters', 'others'] as const)
    .filter((part) => declared[part] !== null && Object.keys(declared[part]).length > 0)
    .map((part): [string, string] => [PART_NAMES[part], partText(declared, part)]);
  const lines: [string, string | null][] = [
    ['tapestry', started.tapestry],
    [
      'starts',
      started.isBackfill
        ? 'a backfill of its partitions that have closed within catchup and have no run'
        : null,
    ],
    ['times', `${timesText(form.times)} (${form.timezone}): ${timesWords(form.times)}`],
    ['overlap', form.overlap],
    ['catchup', partText(form, 'catchupMs')],
    ['jitter', form.jitterMs === 0 ? null : `up to ${partText(form, 'jitterMs')}`],
    ...others,
    ['queue', form.taskQueue],
    ['state', paused ? 'paused' : 'active'],
    ['note', note],
    ['left', remaining === null ? null : plural(remaining, 'run')],
    [
      'counts',
      `${counts.started} started, ${counts.skipped} skipped by overlap, ${counts.missed} missed by catchup`,
    ],
    [
      'deployed',
      deployed ? [deployed.source, deployed.actor, deployed.commit].filter(Boolean).join(', ') : null,
    ],
  ];
  return [
    output.bold(id),
    ...lines.filter(([, text]) => text).map(([name, text]) => `  ${output.dim(name.padEnd(11))} ${text}`),
    ...(deployed
      ? []
      : ['', output.yellow('It was made, or replaced, on the server by other means than a deploy.')]),
    ...(changedOnServer.length > 0
      ? [
          '',
          output.yellow('Changed on the server since it was deployed (- now, + deployed)'),
          ...changeLines(changedOnServer, output),
        ]
      : []),
    '',
    output.bold('Next'),
    ...(nextAt.length === 0
      ? [paused ? '  none while it is paused' : '  none']
      : timeRows(nextAt, form.timezone, now)),
    '',
    output.bold('Last runs'),
    ...(runs.length === 0
      ? ['  none']
      : indented(
          formatTable(
            ['RUN', 'PLANNED', 'STARTED', 'STATUS'],
            runs.map(({ runId, plannedAt, startedAt, record }) => [
              runId,
              new Date(plannedAt).toISOString(),
              formatTime(startedAt),
              record?.status ?? 'not started',
            ]),
          ),
        )),
  ].join('\n');
}
