/**
 * Calls `prepare` before the page is printed, and the returned function after it.
 *
 * @returns ends it
 */
export function onPrint(prepare: () => () => void): () => void {
  let restore: (() => void) | undefined;
  const print = (): void => {
    restore = prepare();
  };
  const end = (): void => restore?.();
  addEventListener('beforeprint', print);
  addEventListener('afterprint', end);
  return () => {
    removeEventListener('beforeprint', print);
    removeEventListener('afterprint', end);
  };
}
