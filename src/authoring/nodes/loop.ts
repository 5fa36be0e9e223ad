import type { InputsFor, KnotOf, AnyAbsenceReason } from '../knot';
import type { KnotContext } from '../knot-context';
import type { NodeConfig } from '../node-options';
import type { TapestryRecord } from '../records';
import type { Tapestry } from '../tapestry';
import { PlacedNode } from './placed-node';
import { MAX_INPUT, nestedTapestry, placeNested } from './nested-tapestry';

const DEFAULT_MAX = 1_000;

/** The step's parameters, overridden and extended by the last iteration's returned values. */
export type LoopState<Parameters, Values> = Flat<Omit<Parameters, keyof Values> & Values>;
type Flat<T> = { [K in keyof T]: T[K] };

/** Refuses a step that returns, under a parameter's name, a value of another type. */
type ReturnsItsParameters<Parameters, Values> =
  Pick<Values, keyof Values & keyof Parameters> extends Partial<Parameters> ? unknown : never;

export interface LoopOptions<Parameters extends object, Values extends object, Given = unknown> {
  /**
   * The tapestry to repeat. The tapestry's parameters are the state: a value that `build` returns under a parameter's
   * name is its next value, and other parameters keep theirs. `until` also gets further returned values. Nesting closes
   * the tapestry.
   */
  readonly step: Tapestry<Parameters, Values> & ReturnsItsParameters<Parameters, Values>;
  /** The state before the first iteration, by parameter name: knots or constants. */
  readonly initial: InputsFor<Parameters, Given>;
  /**
   * Whether the loop is over; called after each iteration, at least once. The function may be asynchronous. If its
   * result is no boolean, the knot fails (`NotABoolean`).
   */
  readonly until: (state: LoopState<Parameters, Values>, context: KnotContext) => boolean | Promise<boolean>;
  /** Limit of iterations. If the last iteration does not end the loop, the knot fails (`LoopLimit`). Default 1,000. */
  readonly max?: number;
}

/**
 * Places a knot that repeats a tapestry until a function returns true:
 * `loop({ step: refine, initial: { draft }, until: ({ score }) => score > 0.9 }, { id: 'refined' })`. Each
 * iteration is a run of its own, `<run>/<knot>#<number>`. The knot's value is the last state. `retry` and `timeout`
 * apply to `until`. An iteration that does not yield all its values makes the knot fail (`SubRunFailed`).
 *
 * @throws SelvageError InvalidConfig; UnknownInput, MissingInput, InvalidInput by the step's parameters; Cycle; and
 *   those of placing a definition
 */
export function loop<
  Parameters extends object,
  Values extends object,
  const Id extends string,
  const Given extends object,
>(
  options: LoopOptions<Parameters, Values, Given>,
  config: NodeConfig<'loop', Id>,
): KnotOf<LoopState<Parameters, Values>, Id, AnyAbsenceReason<Given>> {
  const node = new PlacedNode('loop', config);
  node.requireKeys(options, ['step', 'initial', 'until', 'max']);
  const { step, initial, until, max = DEFAULT_MAX } = options;
  const nested = nestedTapestry(node, 'step', step);
  const definition = node.definition(
    { until },
    (given: { state: LoopState<Parameters, Values> }, context) => until(given.state, context),
    { node: 'loop' },
  );
  if (!Number.isSafeInteger(max) || max < 1) {
    throw node.refusal(
      'WrongValue',
      `has ${String(max)} as "max"`,
      'Give a whole number of iterations, 1 or more.',
    );
  }
  requireNextState(nested, node);
  return placeNested(definition, nested, { ...initial, [MAX_INPUT]: max }, config) as KnotOf<
    LoopState<Parameters, Values>,
    Id,
    AnyAbsenceReason<Given>
  >;
}

/** Refuses a step that changes no state, as it would repeat for ever, and a next state that may lack a value. */
function requireNextState({ name, parameters, terminals }: TapestryRecord, node: PlacedNode): void {
  const next = [...(terminals ?? [])].filter(([terminal]) => parameters.has(terminal));
  if (next.length === 0) {
    throw node.refusal(
      'WrongValue',
      `has a step, "${name}", that returns none of its parameters (${[...parameters.keys()].join(', ') || 'it has none'})`,
      'Return from its build function what they are in the next iteration.',
    );
  }
  const absent = next.find(
    ([, { definition, path }]) => definition?.optional || definition?.node === 'gate' || path !== undefined,
  );
  if (!absent) return;
  throw node.refusal(
    'WrongValue',
    `has a step, "${name}", that returns as "${absent[0]}" a knot that may have no value: an optional one, a gate, or a path of a branch`,
    'Without a value, there would be no next iteration: return one that always has a value, such as a firstOk.',
  );
}
