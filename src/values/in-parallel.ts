/**
 * Does `work` on the items in order, on at most `limit` at once. Begins no more after a failure, or once it is held.
 *
 * @param isHeld asked before each item
 * @throws the first error, after the work under way has ended
 */
export async function inParallel<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
  isHeld: () => boolean = () => false,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let hasEnded = false;
  let broken: { readonly error: unknown } | undefined;
  const isOver = (): boolean => hasEnded || broken !== undefined || isHeld();
  const worker = async (): Promise<void> => {
    while (!isOver()) {
      try {
        const next = iterator.next();
        if (next.done) hasEnded = true;
        else await work(next.value);
      } catch (error) {
        broken ??= { error };
      }
    }
  };
  const workers: Promise<void>[] = [];
  for (let begun = 0; begun < limit && !isOver(); begun++) workers.push(worker());
  await Promise.all(workers);
  if (broken) throw broken.error;
}

/** The results of the work, in the order of the items. Otherwise like {@link inParallel}. */
export async function resultsInParallel<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  await inParallel([...items].entries(), limit, async ([index, item]) => {
    results[index] = await work(item);
  });
  return results;
}
