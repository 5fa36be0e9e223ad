import { canonicalJson } from '../values';
import { SelvageError } from '../errors';
import type { FailOn } from '../authoring/records';
import type { Plan, PlanPolicy } from './plan';
import { uniqueParents } from './read-plan';

/** Characters of a summary, of at most four bytes each: the most that the server accepts. */
const SUMMARY_CODE_POINTS = 100;
const NAMED_TERMINALS = 20;

/** The interpreter's part of a policy. Workers read the rest from the plan. */
export type LayoutPolicy = Omit<
  PlanPolicy,
  'retry' | 'host' | 'onCodeChange' | 'maxConcurrent' | 'ratePerSecond' | 'validate' | 'logs'
>;

/**
 * The data to schedule a run by: graph and options in columns, without constants and schemas. Knots have numbers
 * from 0 to `size` - 1: parameters, then parents before children. Knot `i` has the parents
 * `parents[parentStart[i]]` to `parents[parentStart[i + 1] - 1]`; children likewise.
 */
export interface Layout {
  readonly size: number;
  readonly ids: readonly string[];
  /** Knots 0 to `parameterCount` - 1. */
  readonly parameterCount: number;
  readonly parentStart: Uint32Array;
  /** Parents of all knots, each once per knot, in the order of `uniqueParents`. */
  readonly parents: Uint32Array;
  readonly childStart: Uint32Array;
  /** In ascending order. */
  readonly children: Uint32Array;
  /** Each knot's index into `activityTypes`; -1 for a parameter. */
  readonly definition: Int32Array;
  /** Names of definitions. */
  readonly activityTypes: readonly string[];
  /** Index into `policies`. */
  readonly policy: Uint32Array;
  /** Without duplicates. */
  readonly policies: readonly LayoutPolicy[];
  /** Summaries of at most 100 characters, by the knot's index. */
  readonly summaries: ReadonlyMap<number, string>;
  /** Sorted, each once. */
  readonly terminals: Uint32Array;
  readonly failOn: FailOn;
}

/** The columns from which the other ones are derived. */
type LayoutColumns = Omit<Layout, 'size' | 'childStart' | 'children'>;

/** Ids of a run's chosen knots, by its recorded terminals. Undefined if the run has all knots of the plan. */
export function chosenTerminals(
  { knots, terminals: own }: Plan,
  recorded: Readonly<Record<string, string>>,
): string[] | undefined {
  const whole = Object.fromEntries(own.map(([name, knot]) => [name, knots[knot]!.id]));
  return JSON.stringify(recorded) === JSON.stringify(whole) ? undefined : Object.values(recorded);
}

/**
 * The layout of a plan or, with `terminals` (names or knot ids; names first), of the knots that these need,
 * parameters included. Knots of extensions are included and come last, so an extended plan's layout begins with the
 * one before. Throws `UnknownTerminal` for an empty list and unknown terminals.
 */
export function layoutOf(plan: Plan, terminals?: readonly string[]): Layout {
  const wanted = terminals
    ? [...namedTerminals(plan, terminals), ...newTerminals(plan)]
    : plan.terminals.map(([, knot]) => knot);
  const parentsOf = plan.knots.map(uniqueParents);
  const kept = terminals
    ? withAncestors([...wanted, ...newcomers(plan)], parentsOf)
    : plan.knots.map((_, knot) => knot);
  const newIndex = new Uint32Array(plan.knots.length);
  kept.forEach((knot, index) => (newIndex[knot] = index));

  const activityTypes = new Table<string>((name) => name);
  const policies = new Table<LayoutPolicy>((policy) => canonicalJson(policy));
  const parentStart = new Uint32Array(kept.length + 1);
  const parents: number[] = [];
  const definition = new Int32Array(kept.length);
  const policy = new Uint32Array(kept.length);
  const summaries = new Map<number, string>();
  kept.forEach((knot, index) => {
    const planKnot = plan.knots[knot]!;
    for (const parent of parentsOf[knot]!) parents.push(newIndex[parent]!);
    parentStart[index + 1] = parents.length;
    const {
      retry: _retry,
      host: _host,
      onCodeChange: _onCodeChange,
      maxConcurrent: _maxConcurrent,
      ratePerSecond: _ratePerSecond,
      validate: _validate,
      logs: _logs,
      local,
      ...others
    } = planKnot.policy;
    // A segment's knots could extend the run only at its end, so in extensible runs each knot runs on its own.
    const rest: LayoutPolicy = { ...others, ...(local && !plan.extensible && { local }) };
    definition[index] =
      planKnot.definition === -1 ? -1 : activityTypes.indexOf(plan.definitions[planKnot.definition]!.name);
    policy[index] = policies.indexOf(rest);
    if (planKnot.summary !== undefined) summaries.set(index, shortened(planKnot.summary));
  });
  return completeLayout({
    ids: kept.map((knot) => plan.knots[knot]!.id),
    parameterCount: kept.filter((knot) => knot < plan.parameters.length).length,
    parentStart,
    parents: Uint32Array.from(parents),
    definition,
    activityTypes: activityTypes.items,
    policy,
    policies: policies.items,
    summaries,
    terminals: Uint32Array.from([...new Set(wanted.map((knot) => newIndex[knot]!))]).sort(),
    failOn: plan.failOn,
  });
}

export function completeLayout(columns: LayoutColumns): Layout {
  const size = columns.ids.length;
  const { parentStart, parents } = columns;
  const childStart = new Uint32Array(size + 1);
  for (const parent of parents) childStart[parent + 1]! += 1;
  for (let knot = 0; knot < size; knot++) childStart[knot + 1]! += childStart[knot]!;
  const children = new Uint32Array(parents.length);
  const free = childStart.slice(0, size);
  for (let knot = 0; knot < size; knot++) {
    for (let edge = parentStart[knot]!; edge < parentStart[knot + 1]!; edge++) {
      const parent = parents[edge]!;
      children[free[parent]!] = knot;
      free[parent]! += 1;
    }
  }
  return { size, ...columns, childStart, children };
}

function newcomers({ knots, extended }: Plan): number[] {
  return extended ? [...knots.keys()].slice(extended.knots) : [];
}

function newTerminals({ terminals, extended }: Plan): number[] {
  return extended ? terminals.slice(extended.terminals).map(([, knot]) => knot) : [];
}

function namedTerminals(plan: Plan, terminals: readonly string[]): number[] {
  if (terminals.length === 0) {
    throw unknownTerminal(plan, 'The list of terminals is empty', '');
  }
  const known = new Map<string, number>();
  plan.knots.forEach((knot, index) => known.set(knot.id, index));
  for (const [name, knot] of plan.terminals) known.set(name, knot);
  return terminals.map((name) => {
    const knot = known.get(name);
    if (knot === undefined)
      throw unknownTerminal(plan, `Tapestry '${plan.tapestry}' has no terminal or knot '${name}'`, name);
    return knot;
  });
}

function unknownTerminal(plan: Plan, what: string, terminal: string): SelvageError {
  const names = plan.terminals.map(([name]) => name);
  const listed = names.slice(0, NAMED_TERMINALS).join(', ') + (names.length > NAMED_TERMINALS ? ', …' : '');
  return new SelvageError(
    'UnknownTerminal',
    `${what}: name terminals (${listed}) or ids of knots, or leave the list out.`,
    { details: { tapestry: plan.tapestry, terminal, reason: terminal === '' ? 'Empty' : 'NotFound' } },
  );
}

function withAncestors(knots: readonly number[], parentsOf: readonly (readonly number[])[]): number[] {
  const needed = new Uint8Array(parentsOf.length);
  for (const knot of knots) needed[knot] = 1;
  const kept: number[] = [];
  for (let knot = parentsOf.length - 1; knot >= 0; knot--) {
    if (needed[knot] === 0) continue;
    kept.push(knot);
    for (const parent of parentsOf[knot]!) needed[parent] = 1;
  }
  return kept.reverse();
}

function shortened(summary: string): string {
  if (summary.length <= SUMMARY_CODE_POINTS) return summary;
  const points = [...summary];
  return points.length <= SUMMARY_CODE_POINTS
    ? summary
    : `${points.slice(0, SUMMARY_CODE_POINTS - 1).join('')}…`;
}

/** Distinct items in order of first appearance. */
class Table<T> {
  readonly items: T[] = [];
  private readonly indexes = new Map<string, number>();

  constructor(private readonly keyOf: (item: T) => string) {}

  indexOf(item: T): number {
    const key = this.keyOf(item);
    const known = this.indexes.get(key);
    if (known !== undefined) return known;
    this.indexes.set(key, this.items.length);
    return this.items.push(item) - 1;
  }
}
