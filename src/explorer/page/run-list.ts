import type { AnswerOf } from '../../operations';
import type { RunSummary } from '../../operations/runs/summary';
import type { LiveMessage } from '../contract';

type Page = AnswerOf<'runs.list'>;

/**
 * The runs of a list, newest first, loaded page by page while scrolling.
 * L1  Rows never move: a run that begins later waits in `fresh` until the user asks for it.
 * L2  Each run occurs once, whichever page it came with.
 * L3  A run's row shows the newest that any answer or event has said.
 */
export interface RunList {
  readonly rows: readonly RunSummary[];
  readonly fresh: readonly RunSummary[];
  readonly cursor?: string;
  readonly isThere: boolean;
  /** Pages that were read; one may have no run that fits. */
  readonly pages: number;
}

export const NO_RUNS: RunList = { rows: [], fresh: [], isThere: false, pages: 0 };

export function withPage(list: RunList, { items, cursor }: Page): RunList {
  const known = new Set(list.rows.map(keyOf));
  const more = items.filter((run) => !known.has(keyOf(run)));
  return {
    rows: [...list.rows, ...more],
    fresh: list.fresh.filter((run) => !more.some((one) => keyOf(one) === keyOf(run))),
    isThere: true,
    pages: list.pages + 1,
    ...(cursor !== undefined && { cursor }),
  };
}

/** Merges a newer first page: known rows are updated, and other runs become fresh. */
export function withHead(list: RunList, { items, cursor }: Page): RunList {
  if (!list.isThere) return withPage(NO_RUNS, { items, cursor });
  // The search goes on where it was.
  if (list.rows.length === 0) return { ...withPage(list, { items, cursor: list.cursor }), pages: list.pages };
  const told = new Map(items.map((run) => [keyOf(run), run]));
  const rows = list.rows.map((row) => told.get(keyOf(row)) ?? row);
  const known = new Set(rows.map(keyOf));
  // Runs older than all that are shown will come with their own page.
  const last = rows.at(-1)!;
  const fresh = items.filter(
    (run) => !known.has(keyOf(run)) && (list.cursor === undefined || byTime(run, last) < 0),
  );
  const kept = list.fresh.filter((run) => !told.has(keyOf(run)));
  return { ...list, rows, fresh: [...fresh, ...kept].sort(byTime) };
}

export function withFresh(list: RunList): RunList {
  return { ...list, rows: [...list.rows, ...list.fresh].sort(byTime), fresh: [] };
}

/** Updates rows beyond the first page from events. */
export function withEvents(list: RunList, events: readonly LiveMessage[]): RunList {
  const ended = new Map(
    events.filter(({ kind }) => kind === 'run-ended').map((event) => [event.temporalRunId, event]),
  );
  if (ended.size === 0) return list;
  const patch = (row: RunSummary): RunSummary => {
    const event = ended.get(row.temporalRunId);
    return event?.status && row.status === 'running'
      ? { ...row, status: event.status, finishedAt: event.at }
      : row;
  };
  return { ...list, rows: list.rows.map(patch), fresh: list.fresh.map(patch) };
}

export function keyOf({ runId, temporalRunId }: RunSummary): string {
  return `${runId} ${temporalRunId}`;
}

function byTime(a: RunSummary, b: RunSummary): number {
  return b.startedAt - a.startedAt || (a.runId < b.runId ? 1 : a.runId > b.runId ? -1 : 0);
}
