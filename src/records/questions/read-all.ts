import type { LineageQuery, LineageRecord, RunHistory } from '../../ports';

const PAGE = 1_000;

/** Matching records, newest first, up to a number; reads pages until `isEnough` accepts the records so far. */
export async function readAll(
  runHistory: RunHistory,
  query: Omit<LineageQuery, 'limit' | 'cursor'>,
  limit: number,
  isEnough: (records: readonly LineageRecord[]) => boolean = () => false,
): Promise<LineageRecord[]> {
  const records: LineageRecord[] = [];
  for (let cursor: string | undefined; records.length < limit;) {
    const page = await runHistory.findLineage({
      ...query,
      limit: Math.min(PAGE, limit - records.length),
      ...(cursor !== undefined && { cursor }),
    });
    records.push(...page.items);
    ({ cursor } = page);
    if (cursor === undefined || isEnough(page.items)) break;
  }
  return records;
}
