import type { Absence, Knot, MayBeAbsent, OptionalKnot } from '../knot';
import type { KnotContext } from '../knot-context';
import type { NodeConfig } from '../node-options';
import { place } from '../place';
import { inlineDefinition, requireKeys, requireKnot } from './inline-definition';

export interface GateOptions<T, Why = unknown> {
  readonly input: Knot<T> & MayBeAbsent<Why>;
  /**
   * Tells whether the gate is open. May be asynchronous. Anything but a boolean makes the knot fail (`NotABoolean`).
   */
  readonly predicate: (input: T, context: KnotContext) => boolean | Promise<boolean>;
}

/**
 * Places a knot that passes a value on or stops it: `gate({ input: total, predicate: (total) => total > 0 }, { id:
 * 'positive' })`. If open, its value is its input's, passed on by reference: read for the predicate, but not written
 * again. If closed, it is `Skipped('gate_closed')`; as a terminal it may therefore have no value, and so may the knots
 * downstream.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function gate<T, const Id extends string, Why extends Absence = never>(
  options: GateOptions<T, Why>,
  config: NodeConfig<'gate', Id>,
): OptionalKnot<T, Id, NoInfer<Why> | 'gate'> {
  requireKeys('gate', options, ['input', 'predicate'], config);
  const { input, predicate } = options;
  requireKnot('gate', 'input', input, config);
  const definition = inlineDefinition(
    'gate',
    { predicate },
    config,
    (given: { input: T }, context) => predicate(given.input, context),
    { node: 'gate' },
  );
  return place(definition, { input }, config) as OptionalKnot<T, Id, Why | 'gate'>;
}
