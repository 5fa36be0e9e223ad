import { resultsInParallel } from '../../values/in-parallel';

/** Calls to the server at once. */
const AT_ONCE = 8;

/** Results in the order of the items. */
export async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  return await resultsInParallel(items, AT_ONCE, work);
}
