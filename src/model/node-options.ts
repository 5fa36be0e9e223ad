import { SelvageError } from '../errors';
import type { KnotConfig } from './knot';
import type { ErrorPolicy, KnotOptions, NodeKind, QueueDispatcher } from './records';

/** Options of a body: how it is called, tried again and held back. */
const OF_A_BODY = [
  'retry',
  'timeout',
  'cancelGrace',
  'onCodeChange',
  'maxConcurrent',
  'ratePerSecond',
] as const;

/** A wait is nothing on the server, so that it waits in no task queue either. */
const OF_NO_WAIT = [...OF_A_BODY, 'priority', 'cache', 'validate'] as const;

/**
 * By node, the options that say nothing of its knots. Given to such a knot they are refused; what a tapestry says of all its knots holds for
 * those that it can hold for. Of a map, all options of bodies are those of its elements; of a loop, they are those of its `until`.
 */
const MEANINGLESS = {
  gate: ['cache', 'validate'],
  branch: ['cache', 'validate'],
  firstOk: [...OF_A_BODY, 'cache', 'validate'],
  map: [],
  // Its cancelGrace is how long the run waits for the one that it has started.
  subTapestry: [
    'retry',
    'timeout',
    'onCodeChange',
    'maxConcurrent',
    'ratePerSecond',
    'priority',
    'cache',
    'validate',
  ],
  loop: ['maxConcurrent', 'ratePerSecond', 'cache', 'validate'],
  waitForSignal: OF_NO_WAIT,
  sleep: OF_NO_WAIT,
  waitUntil: OF_NO_WAIT,
} as const satisfies Record<NodeKind, readonly (keyof KnotOptions)[]>;

type Node = keyof typeof MEANINGLESS;

/** Nodes that are no part of any segment. */
const NEVER_LOCAL = ['subTapestry', 'loop', 'waitForSignal', 'sleep', 'waitUntil'] as const;

/** The second argument of a node: that of a placement, without the options that say nothing of such a knot. */
export type NodeConfig<N extends Node, Id extends string = string> = Omit<
  KnotConfig<Id>,
  (typeof MEANINGLESS)[N][number] | (N extends (typeof NEVER_LOCAL)[number] ? 'dispatcher' : never)
> &
  (N extends (typeof NEVER_LOCAL)[number] ? { readonly dispatcher?: QueueDispatcher } : unknown);

/** Throws InvalidConfig where an option is given that says nothing of a knot of this node. */
export function requireMeaning(
  owner: string,
  node: NodeKind | undefined,
  options: KnotOptions<ErrorPolicy>,
): void {
  if (node === undefined) return;
  const option = MEANINGLESS[node].find((name) => isGiven(name, options));
  if (option !== undefined) throw meaningless(owner, node, option);
  if (options.dispatcher?.kind === 'local' && isNeverLocal(node)) throw neverLocal(owner, node);
}

/** Those that say something of a knot of this node. */
export function withMeaning(
  node: NodeKind | undefined,
  options: KnotOptions<ErrorPolicy>,
): KnotOptions<ErrorPolicy> {
  if (node === undefined) return options;
  const kept: Record<string, unknown> = { ...options };
  for (const name of MEANINGLESS[node]) delete kept[name];
  if (options.dispatcher?.kind === 'local' && isNeverLocal(node)) delete kept['dispatcher'];
  return kept;
}

function isGiven(name: keyof KnotOptions, options: KnotOptions<ErrorPolicy>): boolean {
  // What takes a knot out of what its tapestry says.
  const none = name === 'validate';
  return options[name] !== undefined && options[name] !== none;
}

function isNeverLocal(node: NodeKind): boolean {
  return NEVER_LOCAL.some((never) => never === node);
}

/** By node: why, and what to do instead. */
const WHY: Readonly<Record<NodeKind, string>> = {
  gate: 'a gate has no value of its own to be reused. Give it to the knot whose value passes',
  branch: 'a branch has no value of its own to be reused. Give it to the knot whose value passes',
  firstOk: 'a firstOk has no function that would be called. Give it to the knots that it chooses from',
  map: '',
  subTapestry: 'a subTapestry has no body of its own. Give it to the knots of the tapestry that is nested',
  loop: 'a loop has no body but "until". Give it to the knots of the tapestry that is nested',
  waitForSignal: 'a waitForSignal has no body, and holds nothing while it waits',
  sleep: 'a sleep has no body, and holds nothing while it waits',
  waitUntil: 'a waitUntil has no body, and holds nothing while it waits',
};

function meaningless(owner: string, node: NodeKind, option: string): SelvageError {
  if (option === 'validate')
    return refused(owner, node, option, 'it has no schemas of a definition. Remove it.');
  const remedy =
    node === 'waitForSignal' && option === 'timeout'
      ? 'How long it waits is said beside "name" and "schema"'
      : 'Remove it';
  return refused(owner, node, option, `${WHY[node]}. ${remedy}.`);
}

function neverLocal(owner: string, node: NodeKind): SelvageError {
  const why =
    'it is local(), and such a knot is part of no segment. Leave it out, or give queue() with the name of a task queue.';
  return refused(owner, node, 'dispatcher', why);
}

function refused(owner: string, node: NodeKind, option: string, why: string): SelvageError {
  return new SelvageError(
    'InvalidConfig',
    `The option "${option}" of ${owner}, a ${node}, cannot be used: ${why}`,
    { details: { owner, option, node, reason: 'Meaningless' } },
  );
}
