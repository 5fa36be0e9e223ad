import type { EmitterDeclaration } from '../emitters';
import type { HistoryChange, Move } from '../ports';
import type { Feed } from './run-events';
import { CHANGES_AT_ONCE } from '../ports/parts/changes';
import { within } from '../ports/parts/pause';

export type Place = Pick<Move, 'position' | 'positionAt'>;

export const BEGINNING: Place = { position: null, positionAt: null };

/** Where an emitter begins that has no cursor yet. */
export async function startOf({ from }: EmitterDeclaration, feed: Feed): Promise<Place> {
  if (from === 'beginning') return BEGINNING;
  return { position: (await feed.lastChange()) ?? null, positionAt: null };
}

export function placeOf({ position, at }: HistoryChange): Place {
  return { position, positionAt: at };
}

/** The place before the first change of this time or a later one, which all later ones come behind. Reads all changes before it. */
export async function placeBefore(feed: Feed, time: number): Promise<Place> {
  const last = await feed.lastChange();
  if (last === undefined) return BEGINNING;
  let before = BEGINNING;
  const stop = new AbortController();
  try {
    for await (const page of feed.changes({ signal: stop.signal })) {
      for (const change of page) {
        if (change.at >= time) return before;
        before = { position: change.position, positionAt: change.at };
        if (change.position === last) return before;
      }
    }
  } finally {
    stop.abort();
  }
  return before;
}

export async function endOf(feed: Feed): Promise<Place> {
  const position = await feed.lastChange();
  return { position: position ?? null, positionAt: position === undefined ? null : await feed.now() };
}

/** What an emitter has not heard of yet. */
export interface Lag {
  /** How many changes; with `isMore`, at least as many. Those that its filter leaves out count as well. */
  readonly changes: number;
  readonly isMore: boolean;
  /** The time in the oldest of them. */
  readonly since: number | null;
  /** Milliseconds since then, by the clock of the history. */
  readonly age: number;
}

const NOTHING_MS = 250;
const NO_LAG: Lag = { changes: 0, isMore: false, since: null, age: 0 };

/** Reads one page. @throws SelvageError `InvalidCursor` */
export async function lagBehind(feed: Feed, position: string | null, last: string | undefined): Promise<Lag> {
  if ((last ?? null) === position) return NO_LAG;
  const page = await nextPage(feed, position);
  if (!page) return NO_LAG;
  const since = Math.min(...page.map(({ at }) => at));
  return {
    changes: page.length,
    isMore: page.length === CHANGES_AT_ONCE && page.at(-1)!.position !== last,
    since,
    age: Math.max(0, (await feed.now()) - since),
  };
}

/** The next page of changes; undefined if there is none. */
export async function nextPage(
  feed: Feed,
  position: string | null,
): Promise<readonly HistoryChange[] | undefined> {
  const stop = new AbortController();
  const options = { ...(position !== null && { after: position }), signal: stop.signal };
  try {
    const next = feed.changes(options)[Symbol.asyncIterator]().next();
    return (await within(next, NOTHING_MS))?.value ?? undefined;
  } finally {
    stop.abort();
  }
}
