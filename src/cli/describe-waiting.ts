import type { Waiting, WaitingKnot, WaitingStep } from '../client';
import { formatDuration, plural, shorten } from './format';
import type { Output } from './output';

const SHOWN_KNOTS = 20;
const SHOWN_MESSAGE = 300;
const WIDEST_ID = 40;

/** Why a run has not ended, for people; empty where there is nothing to say. */
export function describeWaiting(waiting: Waiting, now: number, output: Output): string {
  const { begun, step, knots } = waiting;
  const lines: string[] = [];
  if (step) lines.push(`${begun ? 'Next step' : 'Not begun'}: ${describeStep(step, now)}`);
  if (knots.length > 0) {
    const shown = knots.slice(0, SHOWN_KNOTS);
    const width = Math.min(WIDEST_ID, Math.max(...shown.map(({ knotId }) => knotId.length)));
    lines.push(output.bold(plural(waiting.unfinished, 'unfinished knot')));
    lines.push(...shown.map((knot) => `  ${knot.knotId.padEnd(width)}  ${describeKnot(knot, now)}`));
    const more = describeRest(waiting, shown);
    if (more) lines.push(output.dim(`  ${more}`));
  }
  return lines.join('\n');
}

function describeStep(step: WaitingStep, now: number): string {
  return withNotes(step.message, [
    ...(step.since === undefined ? [] : [`for ${ago(step.since, now)}`]),
    ...attemptNote(step.attempt),
    ...pollNote(step.lastPollAt, now),
  ]);
}

function describeKnot(knot: WaitingKnot, now: number): string {
  const { state, reason, since, attempt, nextAttemptAt, lastHeartbeatAt, lastPollAt, until } = knot;
  if (state === 'retrying') {
    const isDue = nextAttemptAt === undefined || nextAttemptAt <= now;
    const when = isDue ? 'now' : `in ${formatDuration(nextAttemptAt - now)}`;
    return `retrying ${when} (attempt ${attempt}): ${shorten(reason.message, SHOWN_MESSAGE)}`;
  }
  return withNotes(reason.message, [
    ...(state === 'waiting' && until !== undefined ? [left(until, now)] : []),
    ...(since === undefined ? [] : [`for ${ago(since, now)}`]),
    ...attemptNote(attempt),
    ...(lastHeartbeatAt === undefined ? [] : [`last heartbeat ${ago(lastHeartbeatAt, now)} ago`]),
    ...pollNote(lastPollAt, now),
  ]);
}

function withNotes(message: string, notes: readonly string[]): string {
  const text = shorten(message, SHOWN_MESSAGE);
  return notes.length > 0 ? `${text} (${notes.join(', ')})` : text;
}

function attemptNote(attempt: number | undefined): string[] {
  return attempt === undefined || attempt === 1 ? [] : [`attempt ${attempt}`];
}

function pollNote(lastPollAt: number | undefined, now: number): string[] {
  return lastPollAt === undefined ? [] : [`last polled ${ago(lastPollAt, now)} ago`];
}

function left(until: number, now: number): string {
  return until > now ? `in ${formatDuration(until - now)}` : 'now';
}

/** The server's clock may be ahead of ours. */
function ago(time: number, now: number): string {
  return formatDuration(Math.max(0, now - time));
}

/** `and 80 more: 60 Parents, 20 Queued` */
function describeRest({ reasons, unfinished }: Waiting, shown: readonly WaitingKnot[]): string | undefined {
  if (unfinished === shown.length) return undefined;
  const left = new Map<string, number>(Object.entries(reasons));
  for (const { reason } of shown) left.set(reason.code, left.get(reason.code)! - 1);
  const counts = [...left].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  return `and ${unfinished - shown.length} more: ${counts.map(([code, count]) => `${count} ${code}`).join(', ')}`;
}
