/** The id of the n-th run of a partition. */
export function partitionRunId(tapestry: string, key: string, n: number): string {
  return n === 1 ? `${tapestry}/${key}` : `${tapestry}/${key}/${n}`;
}

/** The number in the id of a partition's run; undefined if the run was started under another id. */
export function numberOfRun(tapestry: string, key: string, runId: string): number | undefined {
  if (runId === partitionRunId(tapestry, key, 1)) return 1;
  const first = `${tapestry}/${key}/`;
  if (!runId.startsWith(first)) return undefined;
  const digits = runId.slice(first.length);
  return /^[1-9][0-9]{0,8}$/.test(digits) && digits !== '1' ? Number(digits) : undefined;
}
