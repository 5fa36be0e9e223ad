import type { Encodable } from '../encodable';
import type { Knot, KnotOf, KnotConfig, AnyAbsenceReason } from '../knot';
import type { KnotContext } from '../knot-context';
import type { Ok, Outcome } from '../outcome';
import { place } from '../place';
import type { DefinitionRecord, ErrorPolicy, ValuePolicy } from '../records';
import { PlacedNode } from './placed-node';

/** The value of an input: for a knot its value, for a constant the constant. */
export type WiredValues<W> = { readonly [K in keyof W]: W[K] extends Knot<infer T> ? T : W[K] };

/** The outcome of an input: for a knot its outcome, for a constant Ok. */
export type WiredOutcomes<W> = {
  readonly [K in keyof W]: W[K] extends Knot<infer T> ? Outcome<T> : Ok<W[K]>;
};

/** The arguments of a function in place: values or outcomes. */
export type Receives = DefinitionRecord['receives'];

/** Error policies of a node whose function receives values or outcomes. */
export type PolicyOf<R extends Receives> = R extends 'outcomes' ? ErrorPolicy : ValuePolicy;

export interface AggregateOptions<W, O, R extends Receives = 'values'> {
  /** Knots and constants by name; at least one knot. */
  readonly inputs: W;
  /**
   * `outcomes`: `combine` gets an `Outcome` of each input and always runs, unless the `errorPolicy` says otherwise.
   * Default `values`.
   */
  readonly receives?: R;
  /** Combines the inputs into one value; may be asynchronous, and runs at least once. */
  readonly combine: (
    inputs: R extends 'outcomes' ? WiredOutcomes<W> : WiredValues<W>,
    context: KnotContext,
  ) => O & Encodable<O>;
}

/**
 * Places a knot that combines values, with its function in place:
 * `aggregate({ inputs: { a, b }, combine: ({ a, b }) => a + b }, { id: 'sum' })`. With `receives: 'outcomes'` the
 * function also gets failures and skips.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function aggregate<
  const W extends object,
  O,
  const Id extends string,
  const R extends Receives = 'values',
>(
  options: AggregateOptions<W, O, R>,
  config: KnotConfig<Id, PolicyOf<R>>,
): KnotOf<Awaited<O>, Id, R extends 'outcomes' ? never : AnyAbsenceReason<W>> {
  const node = new PlacedNode('aggregate', config);
  node.requireKeys(options, ['inputs', 'receives', 'combine']);
  const { inputs, receives, combine } = options;
  const definition = node.definition(
    { combine },
    (given: Parameters<typeof combine>[0], context) => combine(given, context),
    node.received(receives),
  );
  node.requireSomeKnot(inputs);
  return place(definition, inputs, config) as KnotOf<
    Awaited<O>,
    Id,
    R extends 'outcomes' ? never : AnyAbsenceReason<W>
  >;
}
