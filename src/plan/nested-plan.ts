import type { ConstantEncoder } from './constant-encoder';
import { MAX_INPUT } from '../authoring/nodes/nested-tapestry';
import type { PlanInput, PlanKnot } from './plan';

/** Input name of the nested plan. No parameter has such a name. */
const NESTED_PLAN = 'selvage.tapestry';

/** The plan that a knot runs as a child run. */
interface PinnedPlan {
  readonly tapestry: string;
  readonly plan: string;
}

export interface NestedPlan extends PinnedPlan {
  /** For a loop: its most iterations. */
  readonly max?: number;
  /** The knot's inputs that are parameters of the nested tapestry. */
  readonly parameters: PlanKnot['inputs'];
}

/**
 * The input that tells a knot's nested plan. It is a constant like any other, so that a changed nested plan makes it
 * another knot. The knot's other inputs are the nested tapestry's parameters.
 */
export function nestedPlanInput(
  tapestry: string,
  plan: string,
  constants: ConstantEncoder,
): [name: string, input: PlanInput] {
  const nested: PinnedPlan = { tapestry, plan };
  return [NESTED_PLAN, constants.encode(nested, `The tapestry '${tapestry}'`, {})];
}

/** The inputs of a knot, with the nested plan's hash replaced by its wiring hash. */
export function wiredNested(
  inputs: PlanKnot['inputs'],
  wiringOf: (planHash: string) => string,
): Readonly<Record<string, unknown>> {
  const nested = inputs[NESTED_PLAN];
  if (!nested || !('constant' in nested)) return inputs;
  const { tapestry, plan } = nested.constant as unknown as PinnedPlan;
  return { ...inputs, [NESTED_PLAN]: { tapestry, wiring: wiringOf(plan) } };
}

/** The nested plan of a knot; undefined if it runs no tapestry. */
export function nestedPlan({
  inputs: { [NESTED_PLAN]: nested, [MAX_INPUT]: max, ...parameters },
}: PlanKnot): NestedPlan | undefined {
  if (!nested || !('constant' in nested)) return undefined;
  return {
    ...(nested.constant as unknown as PinnedPlan),
    ...(max && 'constant' in max && { max: max.constant as number }),
    parameters,
  };
}

/**
 * The id of a child run. Knot ids contain no `#`, so no other run of the same run has it.
 *
 * @param knotRun `<run>/<knot>`
 * @param number from 1
 */
export function nestedRunId(knotRun: string, number: number): string {
  return `${knotRun}#${number}`;
}
