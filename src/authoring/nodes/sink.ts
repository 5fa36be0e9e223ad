import type { Encodable } from '../encodable';
import type { KnotOf, KnotConfig, AnyAbsenceReason } from '../knot';
import type { KnotContext } from '../knot-context';
import { place } from '../place';
import type { WiredValues } from './aggregate';
import { PlacedNode } from './placed-node';

export interface SinkOptions<W, O> {
  /** Knots and constants by name; at least one knot. */
  readonly inputs: W;
  /** Takes the values out of the tapestry; may be asynchronous, and runs at least once. */
  readonly write: (inputs: WiredValues<W>, context: KnotContext) => O & Encodable<O>;
}

/**
 * Places a knot that takes values out of a tapestry, with its function in place:
 * `sink({ inputs: { report }, write: ({ report }) => mail(report) }, { id: 'mail' })`. The knot's value is the
 * function's result, such as a receipt. The function may run again after a lost worker, so key what it writes by
 * `context.idempotencyKey`.
 *
 * @throws SelvageError InvalidConfig, and those of placing a definition
 */
export function sink<const W extends object, O, const Id extends string>(
  options: SinkOptions<W, O>,
  config: KnotConfig<Id>,
): KnotOf<Awaited<O>, Id, AnyAbsenceReason<W>> {
  const node = new PlacedNode('sink', config);
  node.requireKeys(options, ['inputs', 'write']);
  const { inputs, write } = options;
  const definition = node.definition({ write }, (given: WiredValues<W>, context) => write(given, context));
  node.requireSomeKnot(inputs);
  return place(definition, inputs, config) as KnotOf<Awaited<O>, Id, AnyAbsenceReason<W>>;
}
