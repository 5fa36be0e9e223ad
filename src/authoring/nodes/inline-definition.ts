import { SelvageError, type ErrorReason } from '../../errors';
import type { KnotConfig } from '../knot';
import { knotRecord } from '../marks';
import { didYouMean } from '../names';
import { shown } from '../checks';
import { isKnotOption } from '../options';
import type { DefinitionRecord, KnotBody } from '../records';

export type Callables = Readonly<Record<string, unknown>>;

/**
 * Makes the definition of a node with functions in place. Such a definition belongs to one knot, by which workers find
 * it. Throws `InvalidConfig` if a callable is no function.
 *
 * @param how `name`: for a form of the node whose function takes other inputs, so that the two are never confused
 */
export function inlineDefinition(
  node: string,
  callables: Callables,
  config: unknown,
  body: KnotBody,
  how: Pick<Partial<DefinitionRecord>, 'name' | 'node' | 'receives'> = {},
): DefinitionRecord {
  for (const [role, callable] of Object.entries(callables)) {
    if (typeof callable !== 'function') {
      throw invalidNode(
        node,
        config,
        'MissingPart',
        `has no "${role}"`,
        `Give a function: ${node}({ …, ${role}: (…) => … }, { id: '…' }).`,
      );
    }
  }
  const sources = Object.entries(callables).map(
    ([role, callable]) => `${role}: ${Function.prototype.toString.call(callable)}`,
  );
  const [code = body] = Object.values(callables) as object[];
  return Object.freeze({
    name: `selvage.${node}`,
    inline: true,
    receives: 'values',
    ...how,
    body,
    code,
    source: sources.join('\n'),
    options: Object.freeze(how.receives === 'outcomes' ? { errorPolicy: 'receiveErrors' as const } : {}),
  });
}

/** Refuses a first argument of a node that is not an object or has unknown keys. */
export function requireKeys(node: string, given: unknown, known: readonly string[], config: unknown): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given) || knotRecord(given)) {
    const what = knotRecord(given) ? 'a knot' : shown(given);
    throw invalidNode(
      node,
      config,
      'WrongValue',
      `has a first argument that is ${what}`,
      `Give an object: ${node}({ ${known.join(', ')} }, { id: '…' }), as far as the node needs them.`,
    );
  }
  const key = Object.keys(given).find((name) => !known.includes(name));
  if (key === undefined) return;
  throw invalidNode(
    node,
    config,
    'UnknownOption',
    `has "${key}" in its first argument, which takes no such thing${didYouMean(key, known)}: it takes ${known.join(', ')}`,
    isKnotOption(key)
      ? `Options of the framework belong in the second argument: ${node}({ … }, { id: '…', ${key}: … }).`
      : 'Correct or remove it.',
  );
}

export function requireKnot(node: string, role: string, given: unknown, config: unknown): void {
  if (knotRecord(given) !== undefined) return;
  throw invalidNode(
    node,
    config,
    given === undefined ? 'MissingPart' : 'NotAKnot',
    given === undefined ? `has no "${role}"` : `has "${role}", which is ${shown(given)} and no knot`,
    `Give a knot: ${node}({ ${role}: order, … }, { id: '…' }). A value that is known while wiring is a parameter with a default, or the value of a source.`,
  );
}

/** Refuses `inputs` without a knot. */
export function requireSomeKnot(node: string, inputs: unknown, config: unknown): void {
  if (typeof inputs === 'object' && inputs !== null && Object.values(inputs).some(knotRecord)) return;
  throw invalidNode(
    node,
    config,
    'NotAKnot',
    'has no knot among its inputs',
    `Give at least one: ${node}({ inputs: { a, b }, … }). What depends on constants alone is a knot of its own.`,
  );
}

/** Whether a function in place receives outcomes. A definition that receives outcomes has a name of its own. */
export function received(
  node: string,
  receives: unknown,
  config: unknown,
): Pick<Partial<DefinitionRecord>, 'name' | 'receives'> {
  if (receives === undefined || receives === 'values') return {};
  if (receives === 'outcomes') return { name: `selvage.${node}.outcomes`, receives };
  throw invalidNode(
    node,
    config,
    'WrongValue',
    `receives ${shown(receives)}`,
    "Its function receives 'values', which is the default, or 'outcomes'.",
  );
}

/** Names the node by its knot, if that has an id. */
export function invalidNode(
  node: string,
  config: unknown,
  reason: ErrorReason<'InvalidConfig'>,
  what: string,
  remedy: string,
): SelvageError {
  const id = (config as Partial<KnotConfig> | null | undefined)?.id;
  const which = typeof id === 'string' ? ` "${id}"` : '';
  return new SelvageError('InvalidConfig', `The ${node}${which} ${what}. ${remedy}`, {
    details: { node, ...(typeof id === 'string' && { knot: id }), reason },
  });
}
