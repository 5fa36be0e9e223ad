import type { Waiting, WaitingKnot, WorkflowTaskState } from '../../client';
import { redactText } from '../../values/redact';
import { formatAge, formatDuration, plural, shorten } from '../output/format';
import type { Output } from '../output/output';

const SHOWN_KNOTS = 20;
const SHOWN_MESSAGE = 300;
const WIDEST_ID = 40;

/** Describes what a run waits for; empty if there is nothing to say. */
export function describeWaiting(waiting: Waiting, now: number, output: Output): string {
  const { started, workflowTask, knots } = waiting;
  const lines: string[] = [];
  if (workflowTask) {
    const label = started ? 'Workflow task' : workflowTask.code === 'BackendsDiffer' ? 'Waits' : 'Not begun';
    lines.push(`${label}: ${describeStep(workflowTask, now)}`);
  }
  if (knots.length > 0) {
    const shown = knots.slice(0, SHOWN_KNOTS);
    const width = Math.min(WIDEST_ID, Math.max(...shown.map(({ knotId }) => knotId.length)));
    lines.push(output.bold(plural(waiting.unfinished, 'unfinished knot')));
    for (const knot of shown) {
      lines.push(`  ${knot.knotId.padEnd(width)}  ${describeKnot(knot, now)}`);
      const inFlight = describeReasons(knot.elementReasons);
      if (inFlight) lines.push(`  ${' '.repeat(width)}  ${output.dim(`in flight: ${inFlight}`)}`);
    }
    const more = describeRest(waiting, shown);
    if (more) lines.push(output.dim(`  ${more}`));
  }
  return lines.join('\n');
}

function describeStep(step: WorkflowTaskState, now: number): string {
  return withNotes(step.message, [
    ...(step.since === undefined ? [] : [`for ${formatAge(step.since, now)}`]),
    ...attemptNote(step.attempt),
    ...pollNote(step.lastPollAt, now),
  ]);
}

export function describeKnot(knot: WaitingKnot, now: number): string {
  const { state, reason, since, attempt, nextAttemptAt, lastHeartbeatAt, lastPollAt, until } = knot;
  if (state === 'retrying') {
    const isDue = nextAttemptAt === undefined || nextAttemptAt <= now;
    const when = isDue ? 'now' : `in ${formatDuration(nextAttemptAt - now)}`;
    return `retrying ${when} (attempt ${attempt}): ${shorten(redactText(reason.message), SHOWN_MESSAGE)}`;
  }
  return withNotes(redactText(reason.message), [
    ...(state === 'waiting' && until !== undefined ? [left(until, now)] : []),
    ...(since === undefined ? [] : [`for ${formatAge(since, now)}`]),
    ...attemptNote(attempt),
    ...(lastHeartbeatAt === undefined ? [] : [`last heartbeat ${formatAge(lastHeartbeatAt, now)} ago`]),
    ...pollNote(lastPollAt, now),
  ]);
}

/** The running elements of a map, a line each, after the number of elements for each reason. */
export function describeElements({ elements = [], elementReasons }: WaitingKnot, now: number): string[] {
  const shown = elements.slice(0, SHOWN_KNOTS);
  const width = Math.max(0, ...shown.map(({ knotId }) => knotId.length));
  const inFlight = describeReasons(elementReasons);
  return [
    ...(inFlight ? [`  in flight: ${inFlight}`] : []),
    ...shown.map((element) => `    ${element.knotId.padEnd(width)}  ${describeKnot(element, now)}`),
    ...(elements.length > shown.length ? [`    and ${elements.length - shown.length} more`] : []),
  ];
}

/** Counts by reason, such as `60 Running, 20 Queued`. */
function describeReasons(reasons: WaitingKnot['elementReasons'] = {}): string {
  const counts = Object.entries(reasons).filter(([, count]) => count > 0);
  return counts
    .sort(([, a], [, b]) => b - a)
    .map(([code, count]) => `${count} ${code}`)
    .join(', ');
}

function withNotes(message: string, notes: readonly string[]): string {
  const text = shorten(message, SHOWN_MESSAGE);
  return notes.length > 0 ? `${text} (${notes.join(', ')})` : text;
}

function attemptNote(attempt: number | undefined): string[] {
  return attempt === undefined || attempt === 1 ? [] : [`attempt ${attempt}`];
}

function pollNote(lastPollAt: number | undefined, now: number): string[] {
  return lastPollAt === undefined ? [] : [`last polled ${formatAge(lastPollAt, now)} ago`];
}

function left(until: number, now: number): string {
  return until > now ? `in ${formatDuration(until - now)}` : 'now';
}

/** The line for further knots, such as `and 80 more: 60 Parents, 20 Queued`. */
function describeRest({ reasons, unfinished }: Waiting, shown: readonly WaitingKnot[]): string | undefined {
  if (unfinished === shown.length) return undefined;
  const left = new Map<string, number>(Object.entries(reasons));
  for (const { reason } of shown) left.set(reason.code, left.get(reason.code)! - 1);
  return `and ${unfinished - shown.length} more: ${describeReasons(Object.fromEntries(left))}`;
}
