import type { GraphState } from '../../authoring/run-graph';
import { lineText } from '../../node/terminal';
import {
  KNOT_STATUSES,
  marksOf,
  type KnotMarks,
  type KnotStatus,
  type SeenKnot,
} from '../../visualisation/marks';
import { redactText } from '../../values/redact';
import { formatDuration, plural, shorten } from '../output/format';
import type { Output } from '../output/output';
import { painted, SIGNS } from './knot-signs';

export interface WatchedKnot {
  readonly id: string;
  readonly depth: number;
  readonly state?: GraphState;
  /** `since`, for a running knot: when it was first seen. */
  readonly waiting?: SeenKnot['waiting'];
  /** The reason of a wait for anything but a signal. */
  readonly waitsFor?: string;
  readonly usualMs?: number;
}

interface WatchSize {
  readonly columns: number;
  readonly rows: number;
  readonly startedAt: number;
  readonly now: number;
}

const LEAST_BAR = 8;
const MOST_BAR = 40;
const DETAIL = 26;
const MOST_NAME = 40;
const DEEPEST = 8;

/** A line for each knot, with a bar for its time. If not all knots fit, shows the most important ones. */
export function watchLines(knots: readonly WatchedKnot[], size: WatchSize, output: Output): string[] {
  const shown = chosen(knots, size.rows);
  const names = shown.map(({ id, depth }) =>
    shorten(`${'  '.repeat(Math.min(depth, DEEPEST))}${lineText(id)}`, MOST_NAME),
  );
  const name = Math.min(
    Math.max(0, ...names.map(({ length }) => length)),
    Math.max(8, size.columns - DETAIL - 4),
  );
  const bar = Math.min(MOST_BAR, size.columns - name - DETAIL - 6);
  const lines = shown.map((knot, index) => {
    const marks = marksOf(knot, size.now);
    const { status } = marks;
    const head = `${painted(status, SIGNS[status], output)} ${shorten(names[index]!, name).padEnd(name)}`;
    const middle = bar >= LEAST_BAR ? `  ${barOf(knot, bar, size, status, output)}` : '';
    const room = size.columns - 1 - 2 - name - (bar >= LEAST_BAR ? bar + 2 : 0) - 2;
    return `${head}${middle}  ${shorten(lineText(detailOf(knot, marks, size.now)), Math.max(4, room))}`.trimEnd();
  });
  const more = knots.length - shown.length;
  return [...lines, ...(more > 0 ? [output.dim(`  and ${plural(more, 'knot')} more`)] : [])];
}

/** Ranks knots so that those that need attention come first. */
const rankOf = (knot: WatchedKnot): number => KNOT_STATUSES.indexOf(marksOf(knot).status);

/** The shown knots, in the order of the tree. */
function chosen(knots: readonly WatchedKnot[], rows: number): readonly WatchedKnot[] {
  if (knots.length <= rows) return knots;
  const newest = (knot: WatchedKnot): number => knot.state?.finishedAt ?? 0;
  const kept = new Set(
    [...knots]
      .sort((one, other) => rankOf(one) - rankOf(other) || newest(other) - newest(one))
      .slice(0, Math.max(1, rows - 1)),
  );
  return knots.filter((knot) => kept.has(knot));
}

function detailOf({ state, waiting, waitsFor }: WatchedKnot, marks: KnotMarks, now: number): string {
  const { status, word, notes } = marks;
  if (status === 'skipped') return state?.skipReason ?? word;
  if (status === 'waiting') return [waitsFor === undefined ? word : `waits ${waitsFor}`, ...notes].join(', ');
  const since = state?.startedAt ?? waiting?.since;
  if (status === 'pending' || since === undefined) return '';
  const took = formatDuration(Math.max(0, (state?.finishedAt ?? now) - since));
  const elements = state?.elements?.failed === 0 ? [plural(state.elements.count, 'element')] : [];
  const told = [status === 'running' ? `running ${took}` : took, ...elements, ...notes];
  if (status === 'failed')
    return `${told.join(', ')}  ${redactText(`${state?.error?.type ?? ''}: ${state?.error?.message ?? ''}`)}`;
  return [...told, ...(status === 'reused' ? ['reused'] : [])].join(', ');
}

/** The time from the start of the run until now. */
function barOf(
  { state, waiting }: WatchedKnot,
  width: number,
  { startedAt, now }: WatchSize,
  status: KnotStatus,
  output: Output,
): string {
  const from = state?.startedAt ?? (status === 'running' ? waiting?.since : undefined);
  if (from === undefined || status === 'skipped') return ' '.repeat(width);
  const span = Math.max(1, now - startedAt);
  const place = (time: number): number => Math.round(((time - startedAt) / span) * width);
  const begin = Math.min(width - 1, Math.max(0, place(from)));
  const end = Math.min(width, Math.max(begin + 1, place(state?.finishedAt ?? now)));
  const bar = (state ? '━' : '╍').repeat(end - begin);
  return `${' '.repeat(begin)}${painted(status, bar, output)}${' '.repeat(width - end)}`;
}
