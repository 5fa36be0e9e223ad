import type { Plan } from '../../plan';
import { selectedBy } from '../../plan/column-lineage';
import type { TableFacts } from '../../ports';
import { isTableHash } from '../../values/hash';
import { neededKnots } from './plan-changes';
import type { PartitionsQuestion, StaleReason } from './partition-states';

/** Leaves out changed tables that are only given to `select` knots, if the columns that these select are the same. */
export async function withoutUnreadColumns(
  { plan, tablesOf }: PartitionsQuestion,
  reasons: ReadonlyMap<string, readonly StaleReason[]>,
): Promise<ReadonlyMap<string, readonly StaleReason[]>> {
  const selected = selectedColumns(plan);
  const ofTables = [...reasons.values()].flat().filter(({ input, before, now }) => {
    return selected.has(input ?? '') && isTableHash(before ?? '') && isTableHash(now ?? '');
  });
  if (ofTables.length === 0) return reasons;
  const tables = await tablesOf(new Set(ofTables.flatMap(({ before, now }) => [before!, now!])));
  const unnoticed = new Set(
    ofTables.filter(({ input, before, now }) =>
      haveEqualColumns(tables.get(before!), tables.get(now!), selected.get(input!)!),
    ),
  );
  return new Map(
    [...reasons].map(([partition, some]) => [partition, some.filter((reason) => !unnoticed.has(reason))]),
  );
}

/** The columns that knots select of each parameter; without parameters that another knot gets whole. */
function selectedColumns(plan: Plan): Map<string, Set<string>> {
  // Parameters are the first knots.
  const nameOf = (knot: number): string | undefined => plan.parameters[knot]?.name;
  const whole = new Set(plan.terminals.map(([, knot]) => nameOf(knot)));
  const selected = new Map<string, Set<string>>();
  for (const knot of neededKnots(plan)) {
    const columns = selectedBy(plan, knot);
    for (const [input, source] of Object.entries(knot.inputs)) {
      const name = 'parent' in source ? nameOf(source.parent) : undefined;
      if (name === undefined) continue;
      if (columns === undefined || input !== 'from') whole.add(name);
      selected.set(name, new Set([...(selected.get(name) ?? []), ...(columns ?? [])]));
    }
  }
  for (const name of whole) selected.delete(name ?? '');
  return selected;
}

function haveEqualColumns(
  one: TableFacts | undefined,
  other: TableFacts | undefined,
  names: Iterable<string>,
): boolean {
  if (one?.rows !== other?.rows) return false;
  const columnOf = (facts: TableFacts | undefined, name: string): string | undefined => {
    const column = facts?.columns.find((each) => each.name === name);
    return column && `${column.type} ${column.hash}`;
  };
  return [...names].every((name) => {
    const column = columnOf(one, name);
    return column !== undefined && column === columnOf(other, name);
  });
}
