/** Rows that are looked at, and the most names among them: the order of columns is not worth more time. */
const LOOKED_AT = 100;

function namesOf(rows: readonly unknown[]): string[] | undefined {
  const names = new Set<string>();
  for (const row of rows.slice(0, LOOKED_AT)) {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return undefined;
    for (const name of Object.keys(row)) if (names.add(name).size > LOOKED_AT) return undefined;
  }
  return [...names];
}

/**
 * The order in which a list of records has its names, if it differs from the sorted one of stored values: for each
 * column, its place among the sorted names. It holds no names, as these may be secret.
 */
export function columnOrder(rows: readonly unknown[]): readonly number[] | undefined {
  const names = namesOf(rows) ?? [];
  const sorted = [...names].sort();
  return sorted.every((name, at) => name === names[at])
    ? undefined
    : names.map((name) => sorted.indexOf(name));
}

/** The names of stored rows by {@link columnOrder}; empty if it does not fit them. */
export function orderedColumns(rows: readonly unknown[], order: readonly number[] = []): string[] {
  const sorted = (namesOf(rows) ?? []).sort();
  const names = order.flatMap((at) => sorted[at] ?? []);
  return names.length === sorted.length && order.length === names.length ? names : [];
}
