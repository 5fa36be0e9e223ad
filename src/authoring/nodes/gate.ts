import type { Absence, Knot, MaybeAbsent, OptionalKnot, AnyAbsenceReason } from '../knot';
import type { KnotContext } from '../knot-context';
import type { NodeConfig } from '../node-options';
import { place } from '../place';
import type { WiredValues } from './aggregate';
import { PlacedNode } from './placed-node';
import { placeOver } from './input-of';

export interface GateOptions<T, Why = unknown> {
  readonly input: Knot<T> & MaybeAbsent<Why>;
  /** Whether the gate is open. May be asynchronous. If the result is no boolean, the knot fails (`NotABoolean`). */
  readonly predicate: (input: T, context: KnotContext) => boolean | Promise<boolean>;
}

/** Like {@link GateOptions}, over several inputs. */
export interface GateInputsOptions<W> {
  /** Knots and constants by name; at least one knot. */
  readonly inputs: W;
  /** Whether the gate is open, by the values of all inputs, which it gets by name. */
  readonly predicate: (inputs: WiredValues<W>, context: KnotContext) => boolean | Promise<boolean>;
}

/**
 * Places a knot that passes a value on or stops it:
 * `gate({ input: total, predicate: (total) => total > 0 }, { id: 'positive' })`. An open gate has its input's value, by
 * reference: read for the predicate, but not written again. A closed gate is `Skipped('gate_closed')`; so it and the
 * knots downstream may have no value.
 *
 * Over several inputs,
 * `gate({ inputs: { total, limit }, predicate: ({ total, limit }) => total < limit }, { id })`, a gate passes on the
 * record of all inputs, the value of the knot `<id>.inputs`.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function gate<T, const Id extends string, Why extends Absence = never>(
  options: GateOptions<T, Why>,
  config: NodeConfig<'gate', Id>,
): OptionalKnot<T, Id, NoInfer<Why> | 'gate'>;
export function gate<const W extends object, const Id extends string>(
  options: GateInputsOptions<W>,
  config: NodeConfig<'gate', Id>,
): OptionalKnot<WiredValues<W>, Id, AnyAbsenceReason<W> | 'gate'>;
export function gate(options: object, config: NodeConfig<'gate'>): Knot<any> {
  const node = new PlacedNode('gate', config);
  node.requireKeys(options, ['input', 'inputs', 'predicate']);
  const { predicate } = options as Partial<GateOptions<unknown>>;
  const definition = node.definition(
    { predicate },
    (given: { input: unknown }, context) => predicate!(given.input, context),
    { node: 'gate' },
  );
  const placed = (input: Knot<unknown>): Knot<unknown> => place(definition, { input }, config);
  return placeOver(node, options, config, placed);
}
