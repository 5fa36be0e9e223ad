import type { ConstantEncoder } from './constant-encoder';
import { MAX_INPUT } from '../authoring/nodes/nested-tapestry';
import type { PlanInput, PlanKnot } from './plan';

/** Name of the input with the nested plan: no parameter has such a name. */
const NESTED_PLAN = 'selvage.tapestry';

interface PinnedPlan {
  readonly tapestry: string;
  readonly plan: string;
}

export interface NestedPlan extends PinnedPlan {
  /** At most this many iterations of a loop. */
  readonly max?: number;
  /** The knot's inputs for the nested tapestry. */
  readonly parameters: PlanKnot['inputs'];
}

/** The input with a knot's nested plan: a constant, so that a changed nested plan makes it another knot. */
export function nestedPlanInput(
  tapestry: string,
  plan: string,
  constants: ConstantEncoder,
): [name: string, input: PlanInput] {
  const nested: PinnedPlan = { tapestry, plan };
  return [NESTED_PLAN, constants.encode(nested, `The tapestry '${tapestry}'`, {})];
}

/** Replaces the nested plan's hash by its wiring hash. */
export function wiredNested(
  inputs: PlanKnot['inputs'],
  wiringOf: (planHash: string) => string,
): Readonly<Record<string, unknown>> {
  const nested = inputs[NESTED_PLAN];
  if (!nested || !('constant' in nested)) return inputs;
  const { tapestry, plan } = nested.constant as unknown as PinnedPlan;
  return { ...inputs, [NESTED_PLAN]: { tapestry, wiring: wiringOf(plan) } };
}

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

/** `knotRun` is `<run>/<knot>`, `number` counts from 1. Knot ids contain no `#`, so ids are unique. */
export function nestedRunId(knotRun: string, number: number): string {
  return `${knotRun}#${number}`;
}
