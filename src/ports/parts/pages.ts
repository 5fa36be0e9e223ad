import { SelvageError } from '../../errors';
import type { Page, PageOptions, StoredEntry } from '..';
import { isContentHash } from './content-hash';

/** The end of a page: the last item's time, and its number in the store's own order, which decides ties. */
export interface Position {
  readonly time: number;
  readonly sequence: number;
}

const DEFAULT_LIMIT = 100;
const MAXIMUM_LIMIT = 1_000;
const CURSOR = /^(-?\d+(?:\.\d+)?)_(\d+)$/;

export function pageLimit({ limit = DEFAULT_LIMIT }: PageOptions): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAXIMUM_LIMIT) return limit;
  throw new SelvageError(
    'InvalidQuery',
    `A page cannot have ${limit} items. Give a limit from 1 to ${MAXIMUM_LIMIT}.`,
    { details: { limit } },
  );
}

export function pageStart({ cursor }: PageOptions): Position | undefined {
  if (cursor === undefined) return undefined;
  const match = CURSOR.exec(cursor);
  if (match !== null) return { time: Number(match[1]), sequence: Number(match[2]) };
  throw notACursor(cursor);
}

/** @param found the items; holds one more than `limit` if there is a next page */
export function pageOf<S, T>(
  found: readonly S[],
  limit: number,
  position: (item: S) => Position,
  read: (item: S) => T,
): Page<T> {
  const shown = found.length > limit ? found.slice(0, limit) : found;
  const items = shown.map(read);
  if (found.length <= limit) return { items };
  const { time, sequence } = position(shown[shown.length - 1] as S);
  return { items, cursor: `${time}_${sequence}` };
}

/** The last hash of the previous page; empty at the beginning. */
export function pageAfterHash({ cursor }: PageOptions): string {
  if (cursor === undefined || isContentHash(cursor)) return cursor ?? '';
  throw notACursor(cursor);
}

/** @param found the hashes in order; holds one more than `limit` if there is a next page */
export function pageOfValues(found: readonly StoredEntry[], limit: number): Page<StoredEntry> {
  const items = found.slice(0, limit);
  return found.length > limit ? { items, cursor: items.at(-1)!.hash } : { items };
}

/** Makes a page from the list of all values. */
export function pageByHash(entries: readonly StoredEntry[], options: PageOptions): Page<StoredEntry> {
  const limit = pageLimit(options);
  const after = pageAfterHash(options);
  const behind = entries.filter(({ hash }) => hash > after).sort((a, b) => (a.hash < b.hash ? -1 : 1));
  return pageOfValues(behind.slice(0, limit + 1), limit);
}

/** Makes a page from all items, ordered by a text that is unique to each item. */
export function pageByText<T>(all: readonly T[], textOf: (item: T) => string, options: PageOptions): Page<T> {
  const limit = pageLimit(options);
  const behind = all
    .filter((item) => options.cursor === undefined || textOf(item) > options.cursor)
    .sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
  const items = behind.slice(0, limit);
  return behind.length > limit ? { items, cursor: textOf(items.at(-1)!) } : { items };
}

export function notACursor(cursor: string): SelvageError {
  return new SelvageError(
    'InvalidQuery',
    `${JSON.stringify(cursor)} is not a cursor of this listing. Give one that an earlier page answered, or none to begin with the first.`,
    { details: { cursor } },
  );
}
