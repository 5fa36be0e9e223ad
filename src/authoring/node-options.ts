import { SelvageError } from '../errors';
import type { KnotConfig } from './knot';
import type { ErrorPolicy, KnotOptions, NodeKind, ReadKnotOptions } from './records';
import type { QueueDispatcher } from './dispatchers';

const OF_A_BODY = [
  'retry',
  'timeout',
  'cancelGrace',
  'onCodeChange',
  'maxConcurrent',
  'ratePerSecond',
] as const;

/** A wait occupies nothing on the server, so it also waits in no task queue. */
const OF_NO_WAIT = [...OF_A_BODY, 'priority', 'cache', 'validate', 'logs'] as const;

/**
 * Options without a meaning for a node's knots. A placement with such an option is refused; from the tapestry's `knots`
 * they are not inherited. Options of bodies apply to a map's elements and to a loop's `until`.
 */
const MEANINGLESS = {
  gate: ['cache', 'validate'],
  branch: ['cache', 'validate'],
  firstOk: [...OF_A_BODY, 'cache', 'validate', 'logs'],
  map: [],
  // A node's `cancelGrace` is how long the run waits for the child run.
  subTapestry: [
    'retry',
    'timeout',
    'onCodeChange',
    'maxConcurrent',
    'ratePerSecond',
    'priority',
    'cache',
    'validate',
    'logs',
  ],
  loop: ['maxConcurrent', 'ratePerSecond', 'cache', 'validate'],
  waitForSignal: OF_NO_WAIT,
  sleep: OF_NO_WAIT,
  waitUntil: OF_NO_WAIT,
} as const satisfies Record<NodeKind, readonly (keyof KnotOptions)[]>;

type Node = keyof typeof MEANINGLESS;

/** Nodes that never belong to a segment. */
const NEVER_LOCAL = ['subTapestry', 'loop', 'waitForSignal', 'sleep', 'waitUntil'] as const;

/** The second argument of a node: the options of a placement, without those that have no meaning for the node. */
export type NodeConfig<N extends Node, Id extends string = string> = Omit<
  KnotConfig<Id>,
  (typeof MEANINGLESS)[N][number] | (N extends (typeof NEVER_LOCAL)[number] ? 'dispatcher' : never)
> &
  (N extends (typeof NEVER_LOCAL)[number] ? { readonly dispatcher?: QueueDispatcher } : unknown);

/** Throws `InvalidConfig` for an option without a meaning for this node. */
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

export function withMeaning(node: NodeKind | undefined, options: ReadKnotOptions): ReadKnotOptions {
  if (node === undefined) return options;
  const kept: Record<string, unknown> = { ...options };
  for (const name of MEANINGLESS[node]) delete kept[name];
  if (options.dispatcher?.kind === 'local' && isNeverLocal(node)) delete kept['dispatcher'];
  return kept;
}

function isGiven(name: keyof KnotOptions, options: KnotOptions<ErrorPolicy>): boolean {
  // Any knot may state the value that switches an option off.
  const none = name === 'validate' || name === 'logs';
  return options[name] !== undefined && options[name] !== none;
}

function isNeverLocal(node: NodeKind): boolean {
  return NEVER_LOCAL.some((never) => never === node);
}

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
      ? 'Give the timeout beside "name" and "schema"'
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
    { details: { owner, option, node, reason: 'NotApplicable' } },
  );
}
