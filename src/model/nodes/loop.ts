import type { GivenFor, KnotBelow, WhyAnyAbsent } from '../knot';
import type { KnotContext } from '../knot-context';
import type { NodeConfig } from '../node-options';
import { place } from '../place';
import type { TapestryRecord } from '../records';
import type { Tapestry } from '../tapestry';
import { inlineDefinition, invalidNode, requireKeys } from './inline-definition';
import { MAX_INPUT, checkNestedInputs, nestedTapestry } from './nested-tapestry';

const DEFAULT_MAX = 1_000;

/** The state of a loop: the parameters of its step, and in their place or beside them what its last iteration has returned. */
export type LoopState<Parameters, Values> = Flat<Omit<Parameters, keyof Values> & Values>;
type Flat<T> = { [K in keyof T]: T[K] };

/** Refuses a step that returns, under the name of a parameter, what that parameter does not take. */
type ReturnsItsParameters<Parameters, Values> =
  Pick<Values, keyof Values & keyof Parameters> extends Partial<Parameters> ? unknown : never;

export interface LoopOptions<Parameters extends object, Values extends object, Given = unknown> {
  /**
   * What is run again and again. Its parameters are the state; what its `build` returns under their names is their next value, a parameter that
   * it does not return stays as it is, and what it returns beside them is seen by `until`. Finished by being nested.
   */
  readonly step: Tapestry<Parameters, Values> & ReturnsItsParameters<Parameters, Values>;
  /** The state before the first iteration, by the names of the parameters: knots, or values themselves. */
  readonly initial: GivenFor<Parameters, Given>;
  /**
   * Whether the loop is over; asked after each iteration. May be asynchronous, runs as the body of a knot does, at least once. Anything but a
   * boolean makes the knot fail (`NotABoolean`).
   */
  readonly until: (state: LoopState<Parameters, Values>, context: KnotContext) => boolean | Promise<boolean>;
  /** Iterations at most; if the last of them does not end the loop, the knot fails (`LoopLimit`). Default 1,000. */
  readonly max?: number;
}

/**
 * Places a knot that runs a tapestry until a function says that it is enough: `loop({ step: refine, initial: { draft }, until: ({ score }) =>
 * score > 0.9 }, { id: 'refined' })`. Each iteration is a run of its own, `<run>/<knot>#<number>`. The knot's value is the last state. `retry` and
 * `timeout` are those of `until`. An iteration that does not come to its values makes the knot fail (`SubRunFailed`).
 *
 * @throws SelvageError InvalidConfig; UnknownInput, MissingInput, InvalidInput by the step's parameters; Cycle; and those of placing a definition
 */
export function loop<
  Parameters extends object,
  Values extends object,
  const Id extends string,
  const Given extends object,
>(
  options: LoopOptions<Parameters, Values, Given>,
  config: NodeConfig<'loop', Id>,
): KnotBelow<LoopState<Parameters, Values>, Id, WhyAnyAbsent<Given>> {
  requireKeys('loop', options, ['step', 'initial', 'until', 'max'], config);
  const { step, initial, until, max = DEFAULT_MAX } = options;
  const nested = nestedTapestry('loop', 'step', step, config);
  const definition = inlineDefinition(
    'loop',
    { until },
    config,
    (given: { state: LoopState<Parameters, Values> }, context) => until(given.state, context),
    { node: 'loop' },
  );
  if (!Number.isSafeInteger(max) || max < 1) {
    throw invalidNode(
      'loop',
      config,
      'WrongValue',
      `has ${String(max)} as "max"`,
      'Give a whole number of iterations, 1 or more.',
    );
  }
  requireNextState(nested, config);
  return place(definition, { ...initial, [MAX_INPUT]: max }, config, {
    tapestry: nested,
    check: (knot, given) => checkNestedInputs('loop', nested, knot, given),
  }) as KnotBelow<LoopState<Parameters, Values>, Id, WhyAnyAbsent<Given>>;
}

/** A step that changes nothing would go on for ever; one that may leave a field without a value has no next state. */
function requireNextState({ name, parameters, terminals }: TapestryRecord, config: unknown): void {
  const next = [...(terminals ?? [])].filter(([terminal]) => parameters.has(terminal));
  if (next.length === 0) {
    throw invalidNode(
      'loop',
      config,
      'WrongValue',
      `has a step, "${name}", that returns none of its parameters (${[...parameters.keys()].join(', ') || 'it has none'})`,
      'Return from its build function what they are in the next iteration.',
    );
  }
  const absent = next.find(
    ([, { definition, path }]) => definition?.optional || definition?.node === 'gate' || path !== undefined,
  );
  if (!absent) return;
  throw invalidNode(
    'loop',
    config,
    'WrongValue',
    `has a step, "${name}", that returns as "${absent[0]}" a knot that may have no value: an optional one, a gate, or a path of a branch`,
    'Without a value, there would be no next iteration: return one that always has a value, such as a firstOk.',
  );
}
