import type { GraphState } from '../../authoring/run-graph';
import { lineText } from '../../node/terminal';
import { redactText } from '../../values/redact';
import { formatDuration, plural, shorten } from '../output/format';
import type { Output } from '../output/output';

export interface WatchedKnot {
  readonly id: string;
  readonly depth: number;
  readonly state?: GraphState;
  /** Milliseconds since the epoch: when it was first seen running. */
  readonly runningSince?: number;
  readonly waitsFor?: string;
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

type Kind = 'failed' | 'running' | 'waits' | 'ok' | 'skipped' | 'open';

/** Priority of knots, if not all fit. */
const RANKS: Readonly<Record<Kind, number>> = { failed: 0, running: 1, waits: 2, ok: 3, skipped: 4, open: 5 };
const MARKS: Readonly<Record<Kind, string>> = {
  failed: '✗',
  running: '▸',
  waits: '◦',
  ok: '✓',
  skipped: '−',
  open: '·',
};

/** A line for each knot, with a bar for its time. Without room for all, shows the most important ones. */
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
    const kind = kindOf(knot);
    const head = `${painted(kind, MARKS[kind], output)} ${shorten(names[index]!, name).padEnd(name)}`;
    const middle = bar >= LEAST_BAR ? `  ${barOf(knot, bar, size, kind, output)}` : '';
    const room = size.columns - 1 - 2 - name - (bar >= LEAST_BAR ? bar + 2 : 0) - 2;
    return `${head}${middle}  ${shorten(lineText(detailOf(knot, kind, size.now)), Math.max(4, room))}`.trimEnd();
  });
  const more = knots.length - shown.length;
  return [...lines, ...(more > 0 ? [output.dim(`  and ${plural(more, 'knot')} more`)] : [])];
}

/** In the order of the tree. */
function chosen(knots: readonly WatchedKnot[], rows: number): readonly WatchedKnot[] {
  if (knots.length <= rows) return knots;
  const newest = (knot: WatchedKnot): number => knot.state?.finishedAt ?? 0;
  const kept = new Set(
    [...knots]
      .sort((one, other) => RANKS[kindOf(one)] - RANKS[kindOf(other)] || newest(other) - newest(one))
      .slice(0, Math.max(1, rows - 1)),
  );
  return knots.filter((knot) => kept.has(knot));
}

function kindOf({ state, runningSince, waitsFor }: WatchedKnot): Kind {
  if (state) return state.outcome === 'err' ? 'failed' : state.outcome;
  if (waitsFor !== undefined) return 'waits';
  return runningSince === undefined ? 'open' : 'running';
}

function painted(kind: Kind, text: string, output: Output): string {
  if (kind === 'failed') return output.red(text);
  if (kind === 'ok') return output.green(text);
  if (kind === 'running') return output.bold(text);
  return kind === 'open' ? output.dim(text) : output.yellow(text);
}

function detailOf({ state, runningSince, waitsFor }: WatchedKnot, kind: Kind, now: number): string {
  if (kind === 'waits') return `waits ${waitsFor}`;
  if (!state)
    return runningSince === undefined ? '' : `running ${formatDuration(Math.max(0, now - runningSince))}`;
  if (kind === 'skipped') return state.skipReason ?? 'skipped';
  const took = formatDuration(state.finishedAt - state.startedAt);
  const attempt = state.attempt > 1 ? `, attempt ${state.attempt}` : '';
  if (kind === 'failed')
    return `${took}${attempt}  ${redactText(`${state.error?.type ?? ''}: ${state.error?.message ?? ''}`)}`;
  const elements = state.elements ? `, ${plural(state.elements.count, 'element')}` : '';
  return `${took}${attempt}${elements}${state.cachedFromRun === undefined ? '' : ', reused'}`;
}

/** From the start of the run until now. */
function barOf(
  { state, runningSince }: WatchedKnot,
  width: number,
  { startedAt, now }: WatchSize,
  kind: Kind,
  output: Output,
): string {
  const from = state?.startedAt ?? runningSince;
  if (from === undefined || kind === 'skipped') return ' '.repeat(width);
  const span = Math.max(1, now - startedAt);
  const place = (time: number): number => Math.round(((time - startedAt) / span) * width);
  const begin = Math.min(width - 1, Math.max(0, place(from)));
  const end = Math.min(width, Math.max(begin + 1, place(state?.finishedAt ?? now)));
  const bar = (state ? '━' : '╍').repeat(end - begin);
  return `${' '.repeat(begin)}${painted(kind, bar, output)}${' '.repeat(width - end)}`;
}
