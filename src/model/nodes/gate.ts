import type { Absence, Knot, MayBeAbsent, OptionalKnot } from '../knot';
import type { KnotContext } from '../knot-context';
import type { NodeConfig } from '../node-options';
import { place } from '../place';
import { inlineDefinition, requireKeys, requireKnot } from './inline-definition';

export interface GateOptions<T, Why = unknown> {
  readonly input: Knot<T> & MayBeAbsent<Why>;
  /** Whether the gate is open. May be asynchronous; anything but a boolean makes the knot fail (`NotABoolean`). */
  readonly predicate: (input: T, context: KnotContext) => boolean | Promise<boolean>;
}

/**
 * Places a knot that lets a value pass or not: `gate({ input: total, predicate: (total) => total > 0 }, { id: 'positive' })`. Open, its value
 * is that of its input, passed on by reference: read for the predicate, and never written again. Closed, it is
 * `Skipped('gate_closed')`: as a terminal, it may have no value, as may what is below it.
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
