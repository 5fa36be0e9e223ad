import type { RequiredRecords, RunHistory } from '..';

/** Whether a history has required records; only for histories that cannot go back in time between the queries. */
export async function hasRequired(
  history: Pick<RunHistory, 'getOutcomes' | 'countRecords'>,
  temporalRunId: string,
  { knots, elements = [] }: RequiredRecords,
): Promise<boolean> {
  const wanted = new Set(knots);
  if ((await history.getOutcomes(temporalRunId, [...wanted])).length < wanted.size) return false;
  for (const [prefix, count] of elements)
    if ((await history.countRecords(temporalRunId, prefix)) < count) return false;
  return true;
}
