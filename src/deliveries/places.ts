import type { EmitterDeclaration } from '../emitters';
import type { EmitterState, HistoryChange, Move } from '../ports';
import type { Lag } from './report';
import type { Feed } from './run-events';
import { CHANGES_AT_ONCE } from '../ports/parts/changes';

export type Place = Pick<Move, 'position' | 'positionAt'>;

export const BEGINNING: Place = { position: null, positionAt: null };

/** Start of an emitter without a cursor. */
export async function startOf({ from }: EmitterDeclaration, feed: Feed): Promise<Place> {
  if (from === 'beginning') return BEGINNING;
  return { position: (await feed.lastChange()) ?? null, positionAt: null };
}

export function placeOf({ position, at }: HistoryChange): Place {
  return { position, positionAt: at };
}

/** The place before the first change at or after this time. The search reads all changes before that place. */
export async function placeBefore(feed: Feed, time: number): Promise<Place> {
  let before = BEGINNING;
  for await (const page of feed.changes({ once: true })) {
    for (const change of page) {
      if (change.at >= time) return before;
      before = placeOf(change);
    }
  }
  return before;
}

/**
 * How far before its last delivery an emitter restarts in a history that went back: clocks differ, commits are late.
 */
const REWOUND_MS = 3_600_000;

/** The place to restart an emitter, with its time, in a history that went back. */
export async function placeToRewind(
  feed: Feed,
  { positionAt, createdAt }: Pick<EmitterState, 'positionAt' | 'createdAt'>,
): Promise<Place & { readonly time: number }> {
  const [step] = (await feed.stepsBack?.()) ?? [];
  // An emitter without deliveries began when it was created.
  const last = positionAt ?? createdAt;
  const time = Math.min(step?.lost_after ?? last, last) - REWOUND_MS;
  return { ...(await placeBefore(feed, time)), time };
}

export async function endOf(feed: Feed): Promise<Place> {
  const position = await feed.lastChange();
  return { position: position ?? null, positionAt: position === undefined ? null : await feed.now() };
}

const NO_LAG: Lag = { changes: 0, atLeast: false, since: null, ageMs: 0 };

/** Reads one page of changes. @throws SelvageError `InvalidCursor` */
export async function lagBehind(feed: Feed, position: string | null, last: string | undefined): Promise<Lag> {
  if ((last ?? null) === position) return NO_LAG;
  const page = await nextPage(feed, position);
  if (!page) return NO_LAG;
  const since = Math.min(...page.map(({ at }) => at));
  return {
    changes: page.length,
    atLeast: page.length === CHANGES_AT_ONCE && page.at(-1)!.position !== last,
    since,
    ageMs: Math.max(0, (await feed.now()) - since),
  };
}

/** The next page; undefined if there are no more changes. @throws SelvageError `InvalidCursor` */
export async function nextPage(
  feed: Feed,
  position: string | null,
): Promise<readonly HistoryChange[] | undefined> {
  const options = { ...(position !== null && { after: position }), once: true };
  const { value } = await feed.changes(options)[Symbol.asyncIterator]().next();
  return value as readonly HistoryChange[] | undefined;
}
