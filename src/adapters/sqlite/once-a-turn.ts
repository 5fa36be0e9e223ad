/** A function that is true at its first call in a turn of the event loop, for checks of other processes' changes. */
export function onceATurn(): () => boolean {
  let isDone = false;
  return () => {
    if (isDone) return false;
    isDone = true;
    setImmediate(() => (isDone = false));
    return true;
  };
}
