/** Names the n-th making of a partition. Escapes slashes of the key, as a slash separates the number. */
export function numberedKey(key: string, n: number): string {
  const name = key.replace(/[%/]/g, encodeURIComponent);
  return n === 1 ? name : `${name}/${n}`;
}

export function partitionRunId(tapestry: string, key: string, n: number): string {
  return `${tapestry}/${numberedKey(key, n)}`;
}

/** The number in a run id; undefined if the id is of another form. */
export function numberOfRun(tapestry: string, key: string, runId: string): number | undefined {
  const first = partitionRunId(tapestry, key, 1);
  if (runId === first) return 1;
  if (!runId.startsWith(`${first}/`)) return undefined;
  const digits = runId.slice(first.length + 1);
  return /^[1-9][0-9]{0,8}$/.test(digits) && digits !== '1' ? Number(digits) : undefined;
}
