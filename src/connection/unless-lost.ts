/** Result of the work, or rejection with the signal's reason if that comes first. Leaves no listener. */
export async function unlessLost<T>(work: Promise<T>, lost: AbortSignal | undefined): Promise<T> {
  if (!lost) return await work;
  let tell = (): void => {};
  const loss = new Promise<never>((_, reject) => {
    tell = () => reject(lost.reason as Error);
    if (lost.aborted) tell();
    else lost.addEventListener('abort', tell, { once: true });
  });
  try {
    return await Promise.race([loss, work]);
  } finally {
    lost.removeEventListener('abort', tell);
  }
}
