/**
 * Does `work` on the items in order, at most `limit` at once. After a failure, or when held, no more work begins; the
 * first error is thrown after running work has ended.
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

/** The results of `work`, in the order of the items. Otherwise like {@link inParallel}. */
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
