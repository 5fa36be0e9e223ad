/**
 * Answers true at the first call in a turn of the event loop: for what is looked at before each use, where nothing but another process can
 * have changed it, and many uses follow one another at once.
 */
export function onceATurn(): () => boolean {
  let isDone = false;
  return () => {
    if (isDone) return false;
    isDone = true;
    setImmediate(() => (isDone = false));
    return true;
  };
}
