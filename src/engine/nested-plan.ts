import type { ConstantEncoder } from './constant-encoder';
import { MAX_INPUT } from '../model/nodes/nested-tapestry';
import type { PlanInput, PlanKnot } from './plan';

/** No parameter has such a name. */
const NESTED_PLAN = 'selvage.tapestry';

/** The plan that a knot runs as a run of its own. */
interface PinnedPlan {
  /** The name of its tapestry. */
  readonly tapestry: string;
  readonly plan: string;
}

export interface NestedPlan extends PinnedPlan {
  /** Of a loop: how often it runs at most. */
  readonly max?: number;
  /** The inputs of the knot that are parameters. */
  readonly parameters: PlanKnot['inputs'];
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
  const nested: PinnedPlan = { tapestry, plan };
  return [NESTED_PLAN, constants.encode(nested, `The tapestry '${tapestry}'`, {})];
}

/** The inputs of a knot with the wiring hash of what it runs, in place of the hash of its plan. */
export function wiredNested(
  inputs: PlanKnot['inputs'],
  wiringOf: (planHash: string) => string,
): Readonly<Record<string, unknown>> {
  const nested = inputs[NESTED_PLAN];
  if (!nested || !('constant' in nested)) return inputs;
  const { tapestry, plan } = nested.constant as unknown as PinnedPlan;
  return { ...inputs, [NESTED_PLAN]: { tapestry, wiring: wiringOf(plan) } };
}

/** What a knot runs; undefined of one that runs no tapestry. */
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
 * The id of a run that a knot runs. No id of a knot has a `#`, so it is that of no other run of the same one.
 *
 * @param knotRun `<run>/<knot>`
 * @param number from 1
 */
export function nestedRunId(knotRun: string, number: number): string {
  return `${knotRun}#${number}`;
}
