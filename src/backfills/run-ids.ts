/** The n-th making of a partition, by its key. A key may have slashes, which must not look like that of a number. */
export function numberedKey(key: string, n: number): string {
  const name = key.replace(/[%/]/g, encodeURIComponent);
  return n === 1 ? name : `${name}/${n}`;
}

/** The id of the n-th run of a partition. */
export function partitionRunId(tapestry: string, key: string, n: number): string {
  return `${tapestry}/${numberedKey(key, n)}`;
}

/** The number in the id of a partition's run; undefined if the run was started under another id. */
export function numberOfRun(tapestry: string, key: string, runId: string): number | undefined {
  const first = partitionRunId(tapestry, key, 1);
  if (runId === first) return 1;
  if (!runId.startsWith(`${first}/`)) return undefined;
  const digits = runId.slice(first.length + 1);
  return /^[1-9][0-9]{0,8}$/.test(digits) && digits !== '1' ? Number(digits) : undefined;
}
