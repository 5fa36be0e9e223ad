import { z } from 'zod';
import {
  aggregate,
  branch,
  firstOk,
  gate,
  loop,
  map,
  reduce,
  sink,
  sleep,
  source,
  subTapestry,
  tapestry,
  waitForSignal,
  waitUntil,
  type Dispatcher,
  type ErrorPolicy,
  type ValuePolicy,
  type Knot,
  type Outcome,
  type RetryPolicy,
  type Tapestry,
} from '../../../src';
import { compute, toldOf, tryLuck, type Shape } from './compute';
import * as definitions from './definitions';
import { numbersOf, toldOfAll } from './definitions';
import { ITERATIONS, make, nestedOf, recover, type Nested } from './nested';
import {
  isOptional,
  isTold,
  kindOf,
  newcomerOf,
  signalOf,
  SOON,
  timeOf,
  type Recipe,
  type Step,
} from './recipe';

/** The kinds guarantee the types, which the compiler cannot see. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyKnot = Knot<any>;

/** The payloads of all signals that come to a recipe, by name. */
export function signalsOf({ steps }: Recipe): Record<string, number> {
  const waiting = steps.filter((step) => step.kind === 'waitForSignal' && isTold(step));
  return Object.fromEntries(waiting.map((step) => [signalOf(step), compute.signal(step.seed)]));
}

/** The definitions for the knots of a recipe. */
export type Definitions = Pick<
  typeof definitions,
  | ('mix' | 'tally' | 'planter' | 'spread' | 'table' | 'survivors')
  | ('draw' | 'area' | 'element' | 'pair' | 'maybe')
>;
export type NestedDefinitions = Parameters<typeof nestedOf>[0];

/** The bodies for the knots of a recipe. */
export interface Bodies {
  readonly definitions: Definitions;
  readonly nested: Nested;
  /** The default dispatcher of the knots. */
  readonly dispatcher?: Dispatcher;
}

export const NESTED_IN_TYPESCRIPT: NestedDefinitions = { make, recover };
export const IN_TYPESCRIPT: Bodies = { definitions, nested: nestedOf(NESTED_IN_TYPESCRIPT) };

/** The tapestry of a recipe, made as a user would make it. All knots are terminals. */
export function tapestryOf(
  name: string,
  recipe: Recipe,
  dispatcherOf: (step: Step) => Dispatcher | undefined = () => undefined,
  bodies = IN_TYPESCRIPT,
): Tapestry<Recipe['parameters'], Record<string, unknown>> {
  const { definitions, dispatcher } = bodies;
  const parameters = { x: z.number(), soon: z.number() };
  const knots = dispatcher && { knots: { dispatcher } };
  const plants = recipe.steps.some(({ isBrought }) => isBrought);
  const extensible = plants && { definitions: [definitions.mix, definitions.maybe.mix] };
  return tapestry(name, { failOn: recipe.failOn, parameters, extensible, ...knots }, (_t, { x, soon }) => {
    const knots = new Map<string, AnyKnot>([x, soon].map((knot) => [knot.id, knot]));
    for (const step of recipe.steps) {
      if (step.kind === 'parameter' || step.kind === 'path' || step.isBrought) continue;
      place(step, knots, (placed) => configOf(placed, dispatcherOf(placed)), bodies);
    }
    return Object.fromEntries(knots);
  });
}

interface PlacedAs<Policy> {
  readonly id: string;
  readonly errorPolicy?: Policy;
  readonly dispatcher?: Dispatcher;
  readonly retry?: RetryPolicy;
}

function configOf({ id, policy, tries }: Step, dispatcher: Dispatcher | undefined): PlacedAs<ErrorPolicy> {
  return {
    id,
    ...(policy && { errorPolicy: policy }),
    ...(dispatcher && { dispatcher }),
    ...(tries.attempts > 1 && { retry: { maximumAttempts: tries.attempts, initialInterval: 1 } }),
  };
}

function place(
  step: Step,
  knots: Map<string, AnyKnot>,
  configured: (step: Step) => PlacedAs<ErrorPolicy>,
  { definitions, nested }: Bodies,
): void {
  const { id, seed, tries, onError } = step;
  const receiving = configured(step);
  const inputs = Object.fromEntries(step.inputs.map((input, place) => [`in${place}`, knots.get(input)!]));
  const { in0: input, in1: second } = inputs as { in0: AnyKnot; in1: AnyKnot };
  /** Given to bodies of definitions beside their inputs. */
  const shared = { seed, ...tries };
  // Only knots that receive failures have `receiveErrors` as their policy.
  const config = receiving as PlacedAs<ValuePolicy>;
  // These are in no segment.
  const apart = {
    ...config,
    dispatcher: config.dispatcher?.kind === 'queue' ? config.dispatcher : undefined,
  };
  const { draw, area, element, pair, survivors, table } = definitions;
  const { mix, tally, spread } = isOptional(step) ? definitions.maybe : definitions;
  const batch = 1 + (seed % 3);
  /** An inline function, which throws on the failing attempts of the step. */
  const lucky =
    <X, Y>(make: (given: X) => Y) =>
    (given: X, { attempt }: { attempt: number }): Y => {
      tryLuck(tries, attempt);
      return make(given);
    };
  /** Like `lucky`, but asynchronous. */
  const luckyLater =
    <X, Y>(make: (given: X) => Y) =>
    async (given: X, context: { attempt: number }): Promise<Y> =>
      lucky(make)(given, context);
  const mapped = (over: AnyKnot): AnyKnot => {
    if (seed % 4 < 2) return map({ over, each: element, bind: 'x', shared, onError, batch }, config);
    const each =
      seed % 4 === 2
        ? luckyLater((given: { element: number }) => compute.element(given.element, seed))
        : // Functions in place of different sources share the name of their definition.
          async ({ element: number }: { element: number }, { attempt }: { attempt: number }) => {
            tryLuck(tries, attempt);
            return compute.element(number, seed);
          };
    return map({ over, each, onError }, config);
  };
  const placed = (): AnyKnot => {
    switch (step.kind) {
      case 'source':
        return source({ read: (context) => lucky(() => compute.source(seed))(undefined, context) }, config);
      case 'mix':
        return mix({ ...inputs, ...shared }, config);
      case 'tally':
        return tally({ ...inputs, ...shared }, receiving);
      case 'aggregate':
        return aggregate(
          {
            inputs,
            combine: lucky((given: Record<string, number>) => compute.aggregate(numbersOf(given), seed)),
          },
          config,
        );
      case 'census':
        return aggregate(
          {
            inputs,
            receives: 'outcomes',
            combine: lucky((given: Record<string, Outcome>) => compute.tally(toldOfAll(given), seed)),
          },
          receiving,
        );
      case 'roll':
        return reduce(
          {
            of: input,
            receives: 'outcomes',
            combine: luckyLater((list: Outcome) => compute.tally([toldOf(list)], seed)),
          },
          receiving,
        );
      case 'sink':
        return sink(
          {
            inputs: { input },
            write: luckyLater((given: { input: number }) => compute.sink(given.input, seed)),
          },
          config,
        );
      case 'planter': {
        const newcomer = newcomerOf(step);
        const shoot = {
          seed: newcomer.seed,
          ...newcomer.tries,
          optional: isOptional(newcomer),
          config: configured(newcomer) as PlacedAs<'skipIfParentFailed'>,
        };
        return definitions.planter({ x: input, ...shared, shoot }, config);
      }
      case 'spread':
        return spread({ x: input, ...shared }, config);
      case 'table':
        return table({ x: input, ...shared }, config);
      case 'sum':
        return reduce(
          { of: input, combine: luckyLater((all: readonly number[]) => compute.sum(all, seed)) },
          config,
        );
      case 'highest':
        return reduce(
          {
            of: input,
            fold: (highest: number, x: number, { attempt }) => {
              tryLuck(tries, attempt);
              return compute.highest([x], highest);
            },
            initial: seed,
          },
          config,
        );
      case 'survivors':
        return survivors({ x: input, ...shared }, config);
      case 'draw':
        return draw({ x: input, ...shared }, config);
      case 'area':
        return area({ x: input, ...shared }, config);
      case 'gate':
        return gate({ input, predicate: lucky((x: number) => compute.gate(x, seed) as boolean) }, config);
      case 'firstOk':
        return firstOk({ of: Object.values(inputs) }, config);
      case 'map':
      case 'mapRecord':
        return mapped(input);
      case 'mapLists':
        return map({ over: { x: input, y: second }, each: pair, shared, onError, batch }, config);
      case 'loop':
        return loop(
          {
            step: nested.grow,
            initial: { type: 'a', n: input, seed },
            until: luckyLater(({ n }: { n: number }) => compute.isGrown(n)),
            max: ITERATIONS,
          },
          apart,
        );
      case 'waitForSignal':
        return waitForSignal(signalOf(step), z.number(), {
          ...apart,
          after: [input],
          ...(!isTold(step) && { timeout: 20 }),
        });
      case 'sleep':
        return sleep({ ms: 1 + seed, input }, apart);
      case 'waitUntil': {
        const times = { past: new Date(Date.UTC(2020, 0, seed)), soon: knots.get(SOON.id)!, input };
        return waitUntil({ time: times[timeOf(step)], input }, apart);
      }
      case 'deadline':
        return waitUntil({ time: input as Knot<number> }, apart);
      case 'subTapestry':
        return subTapestry({ tapestry: nested.of(step), inputs: { x: input, seed } }, apart);
      case 'selector': {
        const chosen = branch(
          {
            input,
            branches: kindOf(step.kind).paths!,
            selector: luckyLater((x: number) => compute.selector(x, seed)),
          },
          config,
        );
        return withPaths(chosen);
      }
      case 'on':
        return withPaths(branch({ input: input as Knot<Shape>, on: 'type' }, config));
      case 'parameter':
      case 'path':
        throw new Error(`${id} comes with another knot.`);
    }
  };
  const withPaths = (chosen: AnyKnot & { path: (tag: never) => AnyKnot }): AnyKnot => {
    for (const tag of kindOf(step.kind as 'on').paths!) {
      if (tag !== step.without) knots.set(`${id}:${tag}`, chosen.path(tag as never));
    }
    return chosen;
  };
  knots.set(id, placed());
}
