import type { Layout } from '../plan';
import type { LineageRecord, RequiredRecords, RunHistory } from '../ports';

/** The records that must exist before a run may end: all its knots, and the elements of its maps. */
export async function requiredRecords(
  runHistory: Pick<RunHistory, 'getRecords'>,
  run: string,
  { ids, policies, policy }: Layout,
): Promise<RequiredRecords> {
  if (!policies.some(({ map }) => map)) return { knots: ids };
  const maps = ids.filter((_, knot) => policies[policy[knot]!]!.map);
  return { knots: ids, elements: elementsOf(await runHistory.getRecords(run, maps)) };
}

/** Minimum counts of element records, by prefix. Maps taken over, or recorded before a reset, have no count. */
export function elementsOf(maps: readonly LineageRecord[]): (readonly [string, number])[] {
  return maps.flatMap(({ knot_id, cached_from_run, extra }) => {
    const { elements, reset_from } = extra as { elements?: { count: number }; reset_from?: string };
    return elements && cached_from_run === null && reset_from === undefined
      ? [[`${knot_id}[`, elements.count] as const]
      : [];
  });
}

/** A main clause, for a message: the time after which the history lost records of a run, if known. */
export async function whatWasLost(
  runHistory: Pick<RunHistory, 'findLineage'>,
  run: string,
  startedAt: number | undefined,
): Promise<string> {
  const { items } = await runHistory.findLineage({ temporalRunId: run, limit: 1 });
  const after = items[0]?.finished_at ?? startedAt;
  return `the history lost records${after === undefined ? '' : ` after ${new Date(after).toISOString()}`}`;
}
