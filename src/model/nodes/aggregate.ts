import type { Knot, KnotConfig } from '../knot';
import type { KnotContext } from '../knot-context';
import { knotRecord } from '../marks';
import { place } from '../place';
import { inlineDefinition, invalidNode, requireKeys } from './inline-definition';

/** What a body gets for what was wired: of a knot its value, of a constant itself. */
export type WiredValues<W> = { readonly [K in keyof W]: W[K] extends Knot<infer T> ? T : W[K] };

export interface AggregateOptions<W, O> {
  /** Knots and constants by name; at least one knot. */
  readonly inputs: W;
  /** Makes one value of theirs. May be asynchronous; runs as the body of a knot does, at least once. */
  readonly combine: (inputs: WiredValues<W>, context: KnotContext) => O;
}

/**
 * Places a knot that makes one value of several, with its function in place:
 * `aggregate({ inputs: { a, b }, combine: ({ a, b }) => a + b }, { id: 'sum' })`.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function aggregate<const W extends object, O, const Id extends string>(
  options: AggregateOptions<W, O>,
  config: KnotConfig<Id>,
): Knot<Awaited<O>, Id> {
  requireKeys('aggregate', options, ['inputs', 'combine'], config);
  const { inputs, combine } = options;
  const definition = inlineDefinition('aggregate', { combine }, config, (given: WiredValues<W>, context) =>
    combine(given, context),
  );
  if (typeof inputs !== 'object' || inputs === null || !Object.values(inputs).some(knotRecord)) {
    throw invalidNode(
      'aggregate',
      config,
      'has no knot among its inputs',
      'Give at least one: aggregate({ inputs: { a, b }, … }). What depends on constants alone is a knot of its own.',
    );
  }
  return place(definition, inputs, config) as Knot<Awaited<O>, Id>;
}
