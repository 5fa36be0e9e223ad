import { inParallel } from '../../ports/parts/in-parallel';

/** Calls to the server at once. */
const AT_ONCE = 8;

/** Results in the order of the items. */
export async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  await inParallel([...items.entries()], AT_ONCE, async ([index, item]) => {
    results[index] = await work(item);
  });
  return results;
}
