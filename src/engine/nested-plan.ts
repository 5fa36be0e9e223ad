import type { ConstantEncoder } from './constant-encoder';
import type { PlanInput, PlanKnot } from './plan';

/** No parameter has such a name. */
const NESTED_PLAN = 'selvage.tapestry';

/** The plan that a knot runs as a run of its own. */
export interface NestedPlan {
  /** The name of its tapestry. */
  readonly tapestry: string;
  readonly plan: string;
}

/**
 * The input by which the plan of a knot says what it runs: a constant like any other, so that another plan of the tapestry that is
 * nested makes the knot another one. The knot's other inputs are the parameters of that.
 */
export function nestedPlanInput(
  tapestry: string,
  plan: string,
  constants: ConstantEncoder,
): [name: string, input: PlanInput] {
  const nested: NestedPlan = { tapestry, plan };
  return [NESTED_PLAN, constants.encode(nested, `The tapestry '${tapestry}'`, {})];
}

/** What a knot runs, and the inputs that are its parameters; undefined of one that runs no tapestry. */
export function nestedPlan({
  inputs: { [NESTED_PLAN]: nested, ...parameters },
}: PlanKnot): (NestedPlan & { readonly parameters: PlanKnot['inputs'] }) | undefined {
  if (!nested || !('constant' in nested)) return undefined;
  return { ...(nested.constant as unknown as NestedPlan), parameters };
}

/**
 * The id of a run that a knot runs. No id of a knot has a `#`, so it is that of no other run of the same one.
 *
 * @param knotRun `<run>/<knot>`
 * @param number from 1
 */
export function nestedRunId(knotRun: string, number: number): string {
  return `${knotRun}#${number}`;
}
