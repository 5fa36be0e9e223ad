import type { Encodable } from '../encodable';
import type { Knot, KnotConfig } from '../knot';
import type { KnotContext } from '../knot-context';
import { place } from '../place';
import { inlineDefinition, requireKeys } from './inline-definition';

export interface SourceOptions<O> {
  /** Answers the value. May be asynchronous; runs as the body of a knot does, at least once. */
  readonly read: (context: KnotContext) => O & Encodable<O>;
}

/**
 * Places a knot without inputs, with its function in place: where data comes into a tapestry, `source({ read: () => fetchPrices() },
 * { id: 'prices' })`. It starts with the run. What it reads is on record, so that a resumed run goes on from the same.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function source<O, const Id extends string>(
  options: SourceOptions<O>,
  config: KnotConfig<Id>,
): Knot<Awaited<O>, Id> {
  requireKeys('source', options, ['read'], config);
  const { read } = options;
  const definition = inlineDefinition('source', { read }, config, (_: object, context) => read(context));
  return place(definition, {}, config) as Knot<Awaited<O>, Id>;
}
