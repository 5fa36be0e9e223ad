import type { MapProgress, RunState } from '../../client';
import type { EventLink, RunRecord } from '../../ports';
import { describeLink, formatDuration, formatTime, plural } from '../output/format';
import type { Output } from '../output/output';
import { signalCommand } from '../output/typed-commands';
import { describeMap, progressLine } from './progress';
import { describeWaiting } from './waiting';

const SHOWN_SIGNALS = 5;

export function describeRun({ run, taskQueue, resumedAs = [] }: RunState, output: Output): string {
  const { resumed_from: resumedFrom } = run.details as { resumed_from?: string };
  const lines: [string, string | null][] = [
    ['Tapestry', run.tapestry],
    ['Status', run.status],
    ['Started', formatTime(run.started_at)],
    ['By', [run.actor, run.trigger].filter(Boolean).join(', ') || null],
    ['Event', eventOf(run)],
    ['Partition', run.partition],
    ['Parent', parentOf(run)],
    ['Resumed', resumedAs.map(({ runId, status }) => `as run ${runId}, ${status}`).join('; ') || null],
    ['Goes on', resumedFrom === undefined ? null : `from run ${resumedFrom}`],
    ['Tags', run.tags.join(', ') || null],
    ['Commit', run.vcs_commit],
    ['Plan', run.plan_hash || null],
    ['Queue', taskQueue ?? null],
  ];
  return [
    output.bold(run.run_id),
    ...lines.filter(([, text]) => text).map(([name, text]) => `  ${output.dim(name.padEnd(9))} ${text}`),
  ].join('\n');
}

/** Estimates with a constant rate since the start, since a single look tells no better. */
function timeLeft({ done, total }: MapProgress, age: number): string {
  if (total === undefined || done === 0 || done >= total) return '';
  return `, about ${formatDuration(((total - done) / done) * age)} left`;
}

function eventOf({ trigger_key: key, details }: RunRecord): string | null {
  const { event = {} } = details as { event?: EventLink };
  const link = describeLink(event);
  return key && (link ? `${key} (${link})` : key);
}

function parentOf({ parent_run_id, details }: RunRecord): string | null {
  const { parent_knot } = details as { parent_knot?: string };
  return parent_run_id && parent_knot !== undefined
    ? `knot ${parent_knot} of run ${parent_run_id}`
    : parent_run_id;
}

export function describeUnfinished(
  { run, live, waiting, maps = [] }: RunState,
  elsewhere: readonly string[],
  output: Output,
): string {
  const now = Date.now();
  const age = Math.max(0, now - run.started_at);
  const done = waiting ? waiting.total - waiting.unfinished : 0;
  const progress = live
    ? progressLine(live, age)
    : `${done} of ${plural(waiting?.total ?? 0, 'knot')} done, ${formatDuration(age)}; no worker answers for it now`;
  const why = waiting ? describeWaiting(waiting, now, output) : '';
  const signals = new Set(
    waiting?.knots.flatMap(({ state, signal }) => (state === 'waiting' ? (signal ?? []) : [])),
  );
  const sending = [...signals].slice(0, SHOWN_SIGNALS);
  return [
    ...(waiting?.started === false ? [] : [progress]),
    ...maps.map((map) => `  elements of ${describeMap(map)}${timeLeft(map, age)}`),
    ...(why ? [why] : []),
    ...(sending.length > 0 ? ['Send what it waits for:'] : []),
    ...sending.map((signal) => `  ${signalCommand(run.run_id, signal, elsewhere)}`),
  ].join('\n');
}
