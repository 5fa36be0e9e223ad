/** True at the first call in a turn of the event loop, for checks of changes that only other processes make. */
export function onceATurn(): () => boolean {
  let isDone = false;
  return () => {
    if (isDone) return false;
    isDone = true;
    setImmediate(() => (isDone = false));
    return true;
  };
}
