import type { Page, PageOptions } from '../page';

const LARGEST_PAGE = 1_000;

export async function* everyPage<T>(
  list: (page: PageOptions) => Promise<Page<T>>,
  limit = LARGEST_PAGE,
): AsyncGenerator<readonly T[], void, void> {
  let cursor: string | undefined;
  do {
    const page = await list({ limit, ...(cursor !== undefined && { cursor }) });
    yield page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** All items of a listing, in its order, read page by page. */
export async function* everyItem<T>(
  list: (page: PageOptions) => Promise<Page<T>>,
): AsyncGenerator<T, void, void> {
  for await (const items of everyPage(list)) yield* items;
}
