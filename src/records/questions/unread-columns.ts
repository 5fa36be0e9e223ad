import { selectedBy, type Plan } from '../../plan';
import type { Backends, TableFacts } from '../../ports';
import { readManifest } from '../../tables/stored-manifest';
import { soundAmong } from '../../runtime/table-rows';
import { defaultSha256, isTableHash } from '../../values';
import { neededKnots } from './plan-changes';
import type { StaleReason } from './partition-states';

const AT_ONCE = 100;

/**
 * Leaves out changed tables that are only given to `select` knots, if the columns that these select are the same.
 *
 * @param given tables that a run would get now, by hash; the data store may lack them
 */
export async function withoutUnreadColumns(
  dataStore: Backends['dataStore'],
  plan: Plan,
  given: ReadonlyMap<string, TableFacts>,
  reasons: ReadonlyMap<string, readonly StaleReason[]>,
): Promise<ReadonlyMap<string, readonly StaleReason[]>> {
  const selected = selectedColumns(plan);
  const ofTables = [...reasons.values()].flat().filter(({ input, before, now }) => {
    return selected.has(input ?? '') && isTableHash(before ?? '') && isTableHash(now ?? '');
  });
  if (ofTables.length === 0) return reasons;
  const hashes = ofTables.flatMap(({ before, now }) => [before!, now!]);
  const tables = await factsOf(dataStore, given, hashes);
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

async function factsOf(
  dataStore: Backends['dataStore'],
  given: ReadonlyMap<string, TableFacts>,
  hashes: readonly string[],
): Promise<Map<string, TableFacts>> {
  const facts = new Map(given);
  const stored = [...new Set(hashes)].filter((hash) => !facts.has(hash));
  for (let from = 0; from < stored.length; from += AT_ONCE) {
    const some = stored.slice(from, from + AT_ONCE);
    for (const [hash, bytes] of await soundAmong((few) => dataStore.getMany(few), some)) {
      const manifest = readManifest(Buffer.from(bytes).toString(), defaultSha256);
      if (manifest) facts.set(hash, manifest);
    }
  }
  return facts;
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
