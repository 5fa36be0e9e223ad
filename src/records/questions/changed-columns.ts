import type { LineageRecord, TableFacts } from '../../ports';

function tableOf(record: LineageRecord | undefined): TableFacts | undefined {
  return (record?.extra as { table?: TableFacts } | undefined)?.table;
}

const NAMED = 5;

/** How two tables differ, such as `column price changed, 1 of 5 columns`; undefined if one is no table, or they are equal. */
export function tableSentence(
  first: LineageRecord | undefined,
  second: LineageRecord | undefined,
): string[] | undefined {
  const [one, other] = [tableOf(first), tableOf(second)];
  if (!one || !other || first?.output_hash === second?.output_hash) return undefined;
  const before = new Map(one.columns.map((column) => [column.name, column]));
  const now = new Map(other.columns.map((column) => [column.name, column]));
  const told: string[] = [];
  if (one.rows !== other.rows) told.push(`its number of rows was ${one.rows} and is ${other.rows}`);
  const changed = [...now.values()].filter(({ name, hash, type }) => {
    const old = before.get(name);
    return old && (old.hash !== hash || old.type !== type);
  });
  const total = other.columns.length + (other.more ?? 0);
  // With another number of rows, each column differs.
  const isTelling = one.rows === other.rows && changed.length > 0;
  if (isTelling) told.push(`${namesOf(changed)} changed, ${changed.length} of ${total} columns`);
  if (one.more === undefined && other.more === undefined) {
    const added = [...now.values()].filter(({ name }) => !before.has(name));
    const removed = [...before.values()].filter(({ name }) => !now.has(name));
    if (added.length > 0) told.push(`${namesOf(added)} added`);
    if (removed.length > 0) told.push(`${namesOf(removed)} removed`);
  } else told.push(`only the first ${now.size} columns are compared`);
  return told;
}

function namesOf(columns: readonly { readonly name: string }[]): string {
  const names = columns.slice(0, NAMED).map(({ name }) => name);
  const more = columns.length - names.length;
  return `column${columns.length === 1 ? '' : 's'} ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
