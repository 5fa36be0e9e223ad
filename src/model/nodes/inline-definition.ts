import { SelvageError } from '../../errors';
import type { KnotConfig } from '../knot';
import type { DefinitionRecord, KnotBody } from '../records';

/** Functions of a node that a user wrote in place, by the roles that they have in it. */
export type Callables = Readonly<Record<string, unknown>>;

/**
 * The definition behind a node whose functions are written in place: it belongs to the one knot that it is placed as, by which
 * workers find it again. Its code is that of the functions.
 *
 * @param node what the node is called where it is made
 * @param how `name`: of a form of the node whose function takes other inputs, so that one is never run in the place of the other
 * @throws SelvageError InvalidConfig where one of them is no function
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
        `has no "${role}"`,
        `Give a function: ${node}({ …, ${role}: (…) => … }, { id: '…' }).`,
      );
    }
  }
  const sources = Object.entries(callables).map(
    ([role, callable]) => `${role}: ${Function.prototype.toString.call(callable)}`,
  );
  return Object.freeze({
    name: `selvage.${node}`,
    inline: true,
    receives: 'values',
    ...how,
    body,
    source: sources.join('\n'),
    options: Object.freeze(how.receives === 'outcomes' ? { errorPolicy: 'receiveErrors' as const } : {}),
  });
}

/** A node that makes no sense, named by its knot if that has an id. */
export function invalidNode(node: string, config: unknown, what: string, remedy: string): SelvageError {
  const id = (config as Partial<KnotConfig> | null | undefined)?.id;
  const which = typeof id === 'string' ? ` "${id}"` : '';
  return new SelvageError('InvalidConfig', `The ${node}${which} ${what}. ${remedy}`, {
    details: { node, ...(typeof id === 'string' && { knot: id }) },
  });
}
