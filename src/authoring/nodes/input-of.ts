import type { Knot, KnotConfig } from '../knot';
import { knotRecord } from '../marks';
import { checkKnotId } from '../names';
import { place } from '../place';
import type { DefinitionRecord } from '../records';
import { inlineDefinition, invalidNode, requireKnot, requireSomeKnot } from './inline-definition';

/**
 * Places a gate or branch over the knot in `input`, or over `<id>.inputs`, a knot with the record of all `inputs`.
 * The record then has a hash and lineage of its own, and is passed on by reference.
 */
export function placeOver<T>(
  node: 'gate' | 'branch',
  { input, inputs }: { readonly input?: unknown; readonly inputs?: unknown },
  config: Omit<KnotConfig, 'cache' | 'validate'>,
  placed: (input: Knot<unknown>) => T,
): T {
  if (inputs === undefined) {
    requireKnot(node, 'input', input, config);
    return placed(input as Knot<unknown>);
  }
  if (input !== undefined) {
    throw invalidNode(
      node,
      config,
      'Conflict',
      'has both "input" and "inputs"',
      'Give one knot as "input", or several knots by name as "inputs".',
    );
  }
  requireSomeKnot(node, inputs, config);
  checkKnotId((config as Partial<KnotConfig> | undefined)?.id);
  const { id, errorPolicy, dispatcher, priority, tapestry } = config;
  const own = Object.entries({ errorPolicy, dispatcher, priority, tapestry });
  const given = Object.fromEntries(own.filter(([, option]) => option !== undefined));
  const gathered = place(GATHERED, inputs, { id: `${id}.inputs`, ...given });
  try {
    return placed(gathered);
  } catch (error) {
    // If one of the two knots cannot be placed, neither is.
    knotRecord(gathered)!.tapestry.knots.delete(gathered.id);
    throw error;
  }
}

/** The knot's value is its inputs, so a reuse would save nothing. */
const GATHERED: DefinitionRecord = Object.freeze({
  ...inlineDefinition('inputs', {}, undefined, (inputs: object) => inputs),
  options: Object.freeze({ cache: false }),
});

export function isGathered(definition: DefinitionRecord | undefined): boolean {
  return definition === GATHERED;
}
