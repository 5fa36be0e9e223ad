import { defined } from '../../values';
import type { Knot, KnotConfig } from '../knot';
import { knotRecord } from '../marks';
import { checkKnotId } from '../names';
import { place } from '../place';
import type { DefinitionRecord } from '../records';
import { PlacedNode } from './placed-node';

/**
 * Places a gate or branch over the knot in `input`, or over `<id>.inputs`, a knot with the record of all `inputs`.
 * The record then has a hash and lineage of its own, and is passed on by reference.
 */
export function placeOver<T>(
  node: PlacedNode,
  { input, inputs }: { readonly input?: unknown; readonly inputs?: unknown },
  config: Omit<KnotConfig, 'cache' | 'validate'>,
  placed: (input: Knot<unknown>) => T,
): T {
  if (inputs === undefined) {
    node.requireKnot('input', input);
    return placed(input as Knot<unknown>);
  }
  if (input !== undefined) {
    throw node.refusal(
      'Conflict',
      'has both "input" and "inputs"',
      'Give one knot as "input", or several knots by name as "inputs".',
    );
  }
  node.requireSomeKnot(inputs);
  checkKnotId((config as Partial<KnotConfig> | undefined)?.id);
  const { id, errorPolicy, dispatcher, priority, tapestry } = config;
  const given = defined({ errorPolicy, dispatcher, priority, tapestry });
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
  ...new PlacedNode('inputs').definition({}, (inputs: object) => inputs),
  options: Object.freeze({ cache: false }),
});

export function isGathered(definition: DefinitionRecord | undefined): boolean {
  return definition === GATHERED;
}
