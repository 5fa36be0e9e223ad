import { parentsOf, type GraphKnot, type RunGraph } from '../authoring/run-graph';
import { KNOT_STATUSES, marksOf, type KnotStatus } from './marks';

export interface Kinship {
  readonly parents: readonly (readonly number[])[];
  readonly children: readonly (readonly number[])[];
}

export function kinshipOf({ knots }: RunGraph): Kinship {
  const parents = knots.map((knot) => parentsOf(knot));
  const children: number[][] = knots.map(() => []);
  parents.forEach((those, knot) => those.forEach((parent) => children[parent]?.push(knot)));
  return { parents, children };
}

/** All knots above or below the given ones, without these, in the order found. */
export function relatives(links: Kinship[keyof Kinship], from: Iterable<number>): Set<number> {
  const seen = new Set(from);
  const queue = [...seen];
  for (const knot of queue) {
    for (const next of links[knot] ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  for (const knot of from) seen.delete(knot);
  return seen;
}

export interface Selection {
  /** Indexes of the knots, in the order of the graph. */
  readonly knots: ReadonlySet<number>;
  /** Errors in the text, one sentence each. Terms with errors select nothing. */
  readonly problems: readonly string[];
}

/**
 * Selects knots by a line of text. Terms that are separated by a space must all hold. A comma separates alternatives. A
 * term is
 *
 * - an id, or a pattern of ids with `*`: `load.*`; if no knot has that id, every knot whose id contains the text
 * - an id or a pattern with `+` before it (and everything upstream) or after it (and everything downstream): `+report`,
 * `users+`, `+a+`
 * - a status: `ok`, `reused`, `failed`, `skipped`, `running`, `waiting`, `pending`; for a knot with such an id,
 *   `id:failed`
 * - `type:text`, the name of a definition or kind of node, or a pattern; `id:text`; `terminal`
 * - any term with `!` before it: all other knots
 *
 * Case is ignored. An empty text selects everything.
 *
 * @param statusOf if omitted, the status by the graph's records
 */
export function selectKnots(
  graph: RunGraph,
  text: string,
  statusOf: (index: number) => KnotStatus = (index) => marksOf(graph.knots[index]!).status,
): Selection {
  const all = graph.knots.map((_, index) => index);
  const problems: string[] = [];
  let kinship: Kinship | undefined;
  const context: Context = {
    graph,
    statusOf,
    kinship: () => (kinship ??= kinshipOf(graph)),
    problem: (sentence) => void problems.push(sentence),
  };
  const alternatives = text
    .split(',')
    .map((alternative) => alternative.split(/\s+/u).filter((term) => term !== ''))
    .filter((terms) => terms.length > 0);
  if (alternatives.length === 0) return { knots: new Set(all), problems };
  const chosen = new Set<number>();
  for (const terms of alternatives) {
    const sets = terms.map((term) => selectTerm(term, context));
    for (const index of all) if (sets.every((set) => set.has(index))) chosen.add(index);
  }
  return { knots: new Set(all.filter((index) => chosen.has(index))), problems };
}

interface Context {
  readonly graph: RunGraph;
  readonly statusOf: (index: number) => KnotStatus;
  kinship(): Kinship;
  problem(sentence: string): void;
}

function selectTerm(term: string, context: Context): Set<number> {
  const { graph } = context;
  if (term.length > 1 && term.startsWith('!')) {
    const rest = selectTerm(term.slice(1), context);
    return indexesWhere(graph, (_, index) => !rest.has(index));
  }
  const above = term.startsWith('+');
  const below = term.length > 1 && term.endsWith('+');
  const name = term.slice(above ? 1 : 0, below ? -1 : undefined);
  const core = selectName(name, context);
  const chosen = new Set(core);
  if (above) for (const index of relatives(context.kinship().parents, core)) chosen.add(index);
  if (below) for (const index of relatives(context.kinship().children, core)) chosen.add(index);
  return chosen;
}

function selectName(name: string, context: Context): Set<number> {
  const { graph, statusOf, problem } = context;
  const word = name.toLowerCase();
  if (word === '' || word === '!') {
    problem('A “+” or “!” stands before or after a name.');
    return new Set();
  }
  if ((KNOT_STATUSES as readonly string[]).includes(word))
    return indexesWhere(graph, (_, index) => statusOf(index) === word);
  if (word === 'terminal') return indexesWhere(graph, ({ terminals }) => terminals !== undefined);
  if (word.startsWith('type:')) {
    const type = patternOf(word.slice('type:'.length));
    const found = indexesWhere(graph, ({ kind, definition, each }) =>
      [kind, definition, each].some((one) => one !== undefined && type(one)),
    );
    if (found.size === 0) problem(`No knot is of the type ${quoted(name.slice('type:'.length))}.`);
    return found;
  }
  const id = word.startsWith('id:') ? name.slice('id:'.length) : name;
  const matches = patternOf(id.toLowerCase());
  const exact = indexesWhere(graph, (knot) => matches(knot.id));
  if (exact.size > 0) return exact;
  const part = id.toLowerCase();
  const containing = indexesWhere(graph, (knot) => knot.id.toLowerCase().includes(part));
  if (containing.size === 0) problem(`No knot’s id contains ${quoted(id)}.`);
  return containing;
}

function indexesWhere({ knots }: RunGraph, holds: (knot: GraphKnot, index: number) => boolean): Set<number> {
  const found = new Set<number>();
  knots.forEach((knot, index) => {
    if (holds(knot, index)) found.add(index);
  });
  return found;
}

/** Matches piece by piece: a regular expression with many stars could take exponential time. */
function patternOf(pattern: string): (text: string) => boolean {
  const [first, ...others] = pattern.split('*');
  if (others.length === 0) return (text) => text.toLowerCase() === pattern;
  const last = others.pop()!;
  return (given) => {
    const text = given.toLowerCase();
    if (!text.startsWith(first!)) return false;
    let at = first!.length;
    for (const piece of others) {
      const found = text.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return text.length - last.length >= at && text.endsWith(last);
  };
}

const quoted = (text: string): string => `“${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;
