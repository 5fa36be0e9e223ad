import type { RunStatus } from '../../authoring/outcome';
import type { RunSummary } from '../../operations/runs/summary';
import { keyOf } from './run-list';

type Whole = NonNullable<RunSummary['partOf']>;

/** A line of the list: a run, or a whole of which only parts are loaded. Parts follow their line while it is open. */
export interface RunLine {
  readonly key: string;
  readonly depth: number;
  readonly whole: Whole;
  readonly run?: RunSummary;
  /** Number of loaded runs below the line, at any depth. */
  readonly parts: number;
  /** The worst status of the runs below, and how many have it. */
  readonly worst?: RunStatus;
  readonly worstCount: number;
  readonly isOpen: boolean;
}

const WORST_FIRST: readonly RunStatus[] = ['failed', 'terminated', 'cancelled', 'running', 'succeeded'];

interface Node {
  readonly key: string;
  readonly whole: Whole;
  run?: RunSummary;
  parent?: Node;
  parts?: Node[];
  /** Number of runs below a node, by the places in {@link WORST_FIRST}. */
  counts?: number[];
}

const keyOfWhole = (whole: Whole): string =>
  'runId' in whole ? `run ${whole.runId}` : `stream ${whole.stream}`;

export function nameOfLine({ whole }: Pick<RunLine, 'whole'>): string {
  return 'runId' in whole ? whole.runId : `stream:${whole.stream}`;
}

/**
 * Puts runs below what they are part of. A whole stands where its newest part or itself stands, so older pages move
 * nothing. A part that is alone stands for itself.
 */
export function linesOf(runs: readonly RunSummary[], open: ReadonlySet<string>): RunLine[] {
  const nodes = new Map<string, Node>();
  const nodeOf = (key: string, whole: Whole): Node => {
    let node = nodes.get(key);
    if (!node) nodes.set(key, (node = { key, whole }));
    return node;
  };
  const own = runs.map((run) => {
    const key = `run ${run.runId}`;
    // The newest of several executions with one id has the parts.
    const node = nodeOf(nodes.get(key)?.run ? keyOf(run) : key, { runId: run.runId });
    node.run = run;
    return node;
  });
  for (const node of own) {
    const { partOf } = node.run!;
    const parent = partOf && nodeOf(keyOfWhole(partOf), partOf);
    if (!parent || isBelow(parent, node)) continue;
    node.parent = parent;
    (parent.parts ??= []).push(node);
  }
  const tops = new Set<Node>();
  for (const node of own) {
    const place = WORST_FIRST.indexOf(node.run!.status);
    let top = node;
    for (; top.parent; top = top.parent) (top.parent.counts ??= WORST_FIRST.map(() => 0))[place]! += 1;
    tops.add(top);
  }
  const lines: RunLine[] = [];
  const add = (node: Node, depth: number): void => {
    const isOpen = open.has(node.key);
    lines.push(lineOf(node, depth, isOpen));
    if (isOpen) for (const part of node.parts ?? []) add(part, depth + 1);
  };
  for (const top of tops) add(!top.run && top.parts!.length === 1 ? top.parts![0]! : top, 0);
  return lines;
}

/** Whether a node is the other one, or below it. */
function isBelow(node: Node, other: Node): boolean {
  for (let at: Node | undefined = node; at; at = at.parent) if (at === other) return true;
  return false;
}

function lineOf({ key, whole, run, counts = [] }: Node, depth: number, isOpen: boolean): RunLine {
  const place = counts.findIndex((count) => count > 0);
  return {
    key,
    depth,
    whole,
    run,
    parts: counts.reduce((sum, count) => sum + count, 0),
    worst: WORST_FIRST[place],
    worstCount: counts[place] ?? 0,
    isOpen,
  };
}
