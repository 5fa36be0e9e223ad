import type { LineageQuery, LineageRecord, RunHistory } from '../protocols';

const PAGE = 1_000;

/** The records that fit, newest first, at most so many; page after page, until `isEnough` of what is there so far. */
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
