import type { GivenFor, KnotBelow, WhyAnyAbsent } from '../knot';
import type { NodeConfig } from '../node-options';
import { place } from '../place';
import type { DefinitionRecord } from '../records';
import type { Tapestry } from '../tapestry';
import { inlineDefinition, requireKeys } from './inline-definition';
import { checkNestedInputs, nestedTapestry } from './nested-tapestry';

export interface SubTapestryOptions<Parameters extends object, Values extends object, Given = unknown> {
  /** Finished by being nested: nothing can be added to it any more. */
  readonly tapestry: Tapestry<Parameters, Values>;
  /** By the names of its parameters: knots, or values themselves. One with a default may be left out. */
  readonly inputs: GivenFor<Parameters, Given>;
}

/**
 * Options of a placement but those that say how one body is called: a run has many. `dispatcher`: the task queue of the child run.
 * A tapestry's own `knots` options of these names do not hold for it either.
 */
export type NestedConfig<Id extends string> = NodeConfig<'subTapestry', Id>;

/**
 * Places a knot that runs another tapestry: `subTapestry({ tapestry: payment, inputs: { order } }, { id: 'paid' })`. It runs as a run of
 * its own, `<run>/<knot>#1`, of the plan that it has when this one is compiled. The knot's value is what `run.values()` of that run would
 * answer; where that would throw, the knot fails (`SubRunFailed`). A cancel, and the deadline, of this run end the child run, too.
 *
 * @throws SelvageError InvalidConfig; UnknownInput, MissingInput, InvalidInput by its parameters; Cycle; and those of placing a definition
 */
export function subTapestry<
  Parameters extends object,
  Values extends object,
  const Id extends string,
  const Given extends object,
>(
  options: SubTapestryOptions<Parameters, Values, Given>,
  config: NestedConfig<Id>,
): KnotBelow<Values, Id, WhyAnyAbsent<Given>> {
  requireKeys('subTapestry', options, ['tapestry', 'inputs'], config);
  const { tapestry, inputs } = options;
  const nested = nestedTapestry('subTapestry', 'tapestry', tapestry, config);
  return place(SUB_TAPESTRY, inputs, config, {
    tapestry: nested,
    check: (knot, given) => checkNestedInputs('subTapestry', nested, knot, given),
  }) as KnotBelow<Values, Id, WhyAnyAbsent<Given>>;
}

const SUB_TAPESTRY: DefinitionRecord = inlineDefinition('subTapestry', {}, undefined, neverCalled, {
  node: 'subTapestry',
});

/** Its host runs the tapestry in the place of a body. */
function neverCalled(): never {
  throw new Error('A knot that runs a tapestry has no body of its own.');
}
