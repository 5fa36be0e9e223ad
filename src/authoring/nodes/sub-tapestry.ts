import type { InputsFor, KnotOf, AnyAbsenceReason } from '../knot';
import type { NodeConfig } from '../node-options';
import type { DefinitionRecord } from '../records';
import type { Tapestry } from '../tapestry';
import { PlacedNode } from './placed-node';
import { nestedTapestry, placeNested } from './nested-tapestry';

export interface SubTapestryOptions<Parameters extends object, Values extends object, Given = unknown> {
  /** The nested tapestry, which nesting closes: nothing can be added to it any more. */
  readonly tapestry: Tapestry<Parameters, Values>;
  /** Parameters of the child run by name: knots or constants. A parameter with a default may be omitted. */
  readonly inputs: InputsFor<Parameters, Given>;
}

/**
 * Options of a placement, without those for a single body, which are not inherited from the outer tapestry's `knots`
 * either. `dispatcher` sets the task queue of the child run.
 */
export type NestedConfig<Id extends string> = NodeConfig<'subTapestry', Id>;

/**
 * Places a knot that runs another tapestry:
 * `subTapestry({ tapestry: payment, inputs: { order } }, { id: 'paid' })`. The child run is a run of its own,
 * `<run>/<knot>#1`. The child's plan is fixed when the outer tapestry is compiled. The knot's value is the child's
 * `run.values()`; if that throws, the knot fails (`SubRunFailed`). A cancel or deadline of the outer run also ends the
 * child run.
 *
 * @throws SelvageError InvalidConfig; UnknownInput, MissingInput, InvalidInput by its parameters; Cycle; and those
 *   of placing a definition
 */
export function subTapestry<
  Parameters extends object,
  Values extends object,
  const Id extends string,
  const Given extends object,
>(
  options: SubTapestryOptions<Parameters, Values, Given>,
  config: NestedConfig<Id>,
): KnotOf<Values, Id, AnyAbsenceReason<Given>> {
  const node = new PlacedNode('subTapestry', config);
  node.requireKeys(options, ['tapestry', 'inputs']);
  const { tapestry, inputs } = options;
  const nested = nestedTapestry(node, 'tapestry', tapestry);
  return placeNested(SUB_TAPESTRY, nested, inputs, config) as KnotOf<Values, Id, AnyAbsenceReason<Given>>;
}

const SUB_TAPESTRY: DefinitionRecord = new PlacedNode('subTapestry').definition({}, neverCalled, {
  node: 'subTapestry',
});

/** This body is never called: the run's host runs the tapestry instead. */
function neverCalled(): never {
  throw new Error('A knot that runs a tapestry has no body of its own.');
}
