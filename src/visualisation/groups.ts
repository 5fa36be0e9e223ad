import type { GraphKnot } from '../authoring/run-graph';

/** Knots with a common beginning of their ids: `load.users` and `load.orders`, or a branch and its paths. */
export interface Group {
  readonly name: string;
  /** 0: outermost. */
  readonly depth: number;
  readonly parent: number | undefined;
  /** Indexes of knots, including those of inner groups. */
  readonly members: number[];
}

export interface Grouping {
  /** The groups, outer ones before inner ones. */
  readonly groups: readonly Group[];
  /** Innermost group of each knot. */
  readonly groupOf: readonly (number | undefined)[];
}

/** Limit of nesting: ids may have a hundred parts. */
const DEPTH = 8;
const SEPARATOR = /[.:/]/g;

/**
 * Groups of at least two knots. A knot whose id is the common beginning (a branch with its paths) belongs to the
 * group. Parameters belong to no group: each stands beside what uses it. Of two groups with the same knots, only the
 * inner one remains.
 */
export function groupsOf(knots: readonly Pick<GraphKnot, 'id' | 'kind'>[]): Grouping {
  const counts = new Map<string, number>();
  const beginnings = new Set<string>();
  const chains = knots.map(({ id, kind }) => (kind === 'parameter' ? [] : prefixesOf(id)));
  chains.forEach((chain, index) => {
    for (const prefix of chain) {
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
      if (prefix !== knots[index]!.id) beginnings.add(prefix);
    }
  });
  const groups: Group[] = [];
  const indexes = new Map<string, number>();
  const groupOf = chains.map((chain, knot) => {
    const around = chain.filter((prefix) => beginnings.has(prefix) && counts.get(prefix)! > 1);
    let innermost: number | undefined;
    let depth = 0;
    around.forEach((name, at) => {
      const next = around[at + 1];
      if (next !== undefined && counts.get(next) === counts.get(name)) return;
      let index = indexes.get(name);
      if (index === undefined) {
        index = groups.length;
        indexes.set(name, index);
        groups.push({ name, depth, parent: innermost, members: [] });
      }
      groups[index]!.members.push(knot);
      innermost = index;
      depth++;
    });
    return innermost;
  });
  return { groups, groupOf };
}

/** The rest of an id inside its group; for the knot that names the group, the last part of its id. */
export function labelIn(id: string, group: string | undefined): string {
  if (group === undefined || !id.startsWith(group)) return id;
  return id === group ? id.slice(lastSeparator(id) + 1) : id.slice(group.length + 1);
}

function lastSeparator(id: string): number {
  return Math.max(id.lastIndexOf('.'), id.lastIndexOf(':'), id.lastIndexOf('/'));
}

/** `a.b.c`: `a`, `a.b`, `a.b.c`. */
function prefixesOf(id: string): string[] {
  const prefixes: string[] = [];
  let before = 0;
  for (const { index } of id.matchAll(SEPARATOR)) {
    if (index > before && index < id.length - 1 && prefixes.length < DEPTH) prefixes.push(id.slice(0, index));
    before = index + 1;
  }
  prefixes.push(id);
  return prefixes;
}
