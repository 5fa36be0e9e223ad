import type { Encodable } from '../encodable';
import type { Knot, KnotConfig } from '../knot';
import type { KnotContext } from '../knot-context';
import { place } from '../place';
import { PlacedNode } from './placed-node';

export interface SourceOptions<O> {
  /** Returns the value; may be asynchronous, and runs at least once. */
  readonly read: (context: KnotContext) => O & Encodable<O>;
}

/**
 * Places a knot where data enters a tapestry, with its function in place:
 * `source({ read: () => fetchPrices() }, { id: 'prices' })`. The knot starts with the run. The knot's value is
 * recorded, so a resumed run uses the same data.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function source<O, const Id extends string>(
  options: SourceOptions<O>,
  config: KnotConfig<Id>,
): Knot<Awaited<O>, Id> {
  const node = new PlacedNode('source', config);
  node.requireKeys(options, ['read']);
  const { read } = options;
  const definition = node.definition({ read }, (_: object, context) => read(context));
  return place(definition, {}, config) as Knot<Awaited<O>, Id>;
}
