import type { Page } from '../ports';

/** Reads a listing page by page; fails if a page is larger than requested, or if the listing does not end. */
export async function allPages<T>(
  limit: number,
  list: (page: { limit: number; cursor?: string }) => Promise<Page<T>>,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < 1_000; pages += 1) {
    const page = await list(cursor === undefined ? { limit } : { limit, cursor });
    if (page.items.length > limit)
      throw new Error(`A page of at most ${limit} items has ${page.items.length}.`);
    items.push(...page.items);
    cursor = page.cursor;
    if (cursor === undefined) return items;
  }
  throw new Error('The listing does not end after 1,000 pages.');
}
