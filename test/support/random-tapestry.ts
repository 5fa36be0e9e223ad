import fc from 'fast-check';
import { z } from 'zod';
import {
  aggregate,
  branch,
  firstOk,
  gate,
  knot,
  loop,
  map,
  optional,
  reduce,
  sink,
  sleep,
  source,
  subTapestry,
  tapestry,
  waitForSignal,
  type Dispatcher,
  type Knot,
  type Outcome,
  type Tapestry,
} from '../../src';

/** Wired as the kinds allow, which the compiler cannot follow. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyKnot = Knot<any>;

/** What a knot yields: each kind of knot takes knots that yield what it can use. */
type Yield = 'number' | 'numbers' | 'shape';

export type Shape = { type: 'a'; n: number } | { type: 'b'; n: number };

/** Kinds of knots, by what they take and yield. `many`: one to three of them; paths of a branch come with it. */
const KINDS = {
  source: { takes: undefined, yields: 'number' },
  mix: { takes: 'number', many: true, yields: 'number' },
  tally: { takes: 'anything', many: true, yields: 'number' },
  aggregate: { takes: 'number', many: true, yields: 'number' },
  sink: { takes: 'number', yields: 'number' },
  spread: { takes: 'number', yields: 'numbers' },
  sum: { takes: 'numbers', yields: 'number' },
  highest: { takes: 'numbers', yields: 'number' },
  draw: { takes: 'number', yields: 'shape' },
  area: { takes: 'shape', yields: 'number' },
  gate: { takes: 'number', yields: 'number' },
  selector: { takes: 'number', yields: 'number', paths: ['small', 'large'] },
  on: { takes: 'shape', yields: 'shape', paths: ['a', 'b'] },
  firstOk: { takes: 'number', many: true, yields: 'number' },
  subTapestry: { takes: 'number', yields: 'shape' },
  loop: { takes: 'number', yields: 'shape' },
  map: { takes: 'numbers', yields: 'numbers' },
  waitForSignal: { takes: 'number', yields: 'number' },
  sleep: { takes: 'number', yields: 'number' },
} as const;

export type Kind = keyof typeof KINDS;

/** A knot to place: everything about it is plain data, so that it can be built, interpreted, printed and shrunk. */
export interface Step {
  readonly id: string;
  readonly kind: Kind | 'parameter' | 'path';
  /** Ids of knots before it; of a path: its branch, and the branch's input. */
  readonly inputs: readonly string[];
  /** Varies what its function does. */
  readonly seed: number;
  readonly optional: boolean;
  readonly requiresAll: boolean;
  /** Of a path. */
  readonly tag?: string;
}

export interface Recipe {
  readonly parameter: number;
  readonly steps: readonly Step[];
}

interface RawStep {
  readonly kind: Kind;
  readonly picks: readonly number[];
  readonly seed: number;
  readonly optional: boolean;
  readonly requiresAll: boolean;
}

const arbitraryStep: fc.Arbitrary<RawStep> = fc.record({
  kind: fc.constantFrom(...(Object.keys(KINDS) as Kind[])),
  picks: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 3 }),
  seed: fc.nat(20),
  optional: fc.constantFrom(false, false, true),
  requiresAll: fc.constantFrom(false, false, false, true),
});

/** Tapestries of every kind of knot and policy, wired as their types allow. */
export function arbitraryRecipe(steps: fc.ArrayConstraints): fc.Arbitrary<Recipe> {
  return fc
    .record({
      parameter: fc.nat(1_000),
      raw: fc.array(arbitraryStep, { minLength: 1, ...steps }),
    })
    .map(({ parameter, raw }) => ({ parameter, steps: wire(raw) }))
    .filter(({ steps }) => steps.length > 1);
}

/** What the picks mean among the knots that a step can take; a step that finds none is left out. */
function wire(raw: readonly RawStep[]): Step[] {
  const steps: Step[] = [parameter];
  const yielders = new Map<Yield, string[]>([['number', [parameter.id]]]);
  const add = (step: Step, yields: Yield): void => {
    steps.push(step);
    yielders.set(yields, [...(yielders.get(yields) ?? []), step.id]);
  };
  raw.forEach(({ kind, picks, ...rest }, index) => {
    const shape: {
      takes: Yield | 'anything' | undefined;
      yields: Yield;
      many?: true;
      paths?: readonly string[];
    } = KINDS[kind];
    const candidates =
      shape.takes === 'anything'
        ? steps.map(({ id }) => id)
        : ((shape.takes && yielders.get(shape.takes)) ?? []);
    if (shape.takes !== undefined && candidates.length === 0) return;
    const picked = picks.map((pick) => candidates[pick % candidates.length]!);
    const inputs = shape.takes === undefined ? [] : [...new Set(shape.many ? picked : picked.slice(0, 1))];
    const id = `k${String(index).padStart(2, '0')}-${kind}`;
    if (!shape.paths) {
      add({ id, kind, inputs, ...rest }, shape.yields);
      return;
    }
    // Its own value is the tag, which no kind takes but `tally`.
    steps.push({ id, kind, inputs, ...rest });
    for (const tag of shape.paths) {
      add(
        {
          id: `${id}:${tag}`,
          kind: 'path',
          inputs: [id, ...inputs],
          seed: 0,
          optional: false,
          requiresAll: false,
          tag,
        },
        shape.yields,
      );
    }
  });
  return steps;
}

const parameter: Step = {
  id: 'param:x',
  kind: 'parameter',
  inputs: [],
  seed: 0,
  optional: false,
  requiresAll: false,
};

/** What the functions of the kinds compute, for the bodies and for the reference interpreter alike. */
export const compute = {
  source: (seed: number) => seed * 37,
  mix(numbers: readonly number[], seed: number): number {
    const sum = numbers.reduce((total, number) => total + number, seed);
    if (sum % 7 === 0) throw new Error(`no luck with ${sum}`);
    return (sum * 3) % 1_000;
  },
  tally: (told: readonly string[], seed: number) =>
    told.reduce((sum, what, place) => sum + (place + 1) * what.length, seed),
  aggregate: (numbers: readonly number[], seed: number) =>
    numbers.reduce((total, number) => total + 2 * number, seed),
  sink: (number: number, seed: number) => Math.abs(number - seed),
  spread: (number: number, seed: number) =>
    Array.from({ length: (number + seed) % 6 }, (_, place) => number + place),
  sum: (numbers: readonly number[], seed: number) => numbers.reduce((total, number) => total + number, seed),
  highest: (numbers: readonly number[], seed: number) => Math.max(seed, ...numbers),
  draw: (number: number, seed: number): Shape => ({ type: (number + seed) % 2 === 0 ? 'a' : 'b', n: number }),
  area: ({ n }: Shape, seed: number) => n + seed,
  /** One iteration. */
  grow: (number: number, seed: number) => number * 2 + seed + 1,
  isGrown: (number: number) => number > 300,
  /** Fails for some elements. */
  element(number: number, seed: number): number {
    if ((number + seed) % 9 === 0) throw new Error(`no luck with ${number}`);
    return number * 2 + seed;
  },
  /** What is sent to a knot that waits for a signal. */
  signal: (seed: number) => seed * 11,
  nested(number: number, seed: number): Shape {
    if ((number + seed) % 5 === 0) throw new Error(`no shape for ${number}`);
    return { type: seed % 2 === 0 ? 'a' : 'b', n: number + 1 };
  },
  /** Not always a boolean. */
  gate: (number: number, seed: number): unknown =>
    (number + seed) % 11 === 0 ? 'perhaps' : (number + seed) % 3 !== 0,
  /** Not always one of its paths. */
  selector: (number: number, seed: number): string =>
    (number + seed) % 13 === 0 ? 'lost' : number > 500 ? 'large' : 'small',
};

const numbersOf = (inputs: Record<string, unknown>): number[] =>
  Object.keys(inputs)
    .filter((name) => name.startsWith('in'))
    .sort()
    .map((name) => inputs[name] as number);

const mix = knot('mix', async ({ seed, ...inputs }: { seed: number; [name: string]: number }) =>
  compute.mix(numbersOf(inputs), seed),
);
const tally = knot(
  'tally',
  { receives: 'outcomes' },
  ({ seed, ...inputs }: { seed: Outcome<number>; [name: string]: Outcome }) =>
    compute.tally(
      Object.keys(inputs)
        .sort()
        .map((name) => toldOf(inputs[name]!)),
      seed.kind === 'ok' ? seed.value : NaN,
    ),
);
const spread = knot('spread', ({ x, seed }: { x: number; seed: number }) => compute.spread(x, seed));
const draw = knot('draw', ({ x, seed }: { x: number; seed: number }) => compute.draw(x, seed));
const area = knot('area', ({ x, seed }: { x: Shape; seed: number }) => compute.area(x, seed));
const element = knot('element', ({ x, seed }: { x: number; seed: number }) => compute.element(x, seed));
const shape = knot('nested-shape', ({ x, seed }: { x: number; seed: number }) => compute.nested(x, seed));

/** Its value, made of its terminals, is a shape. */
const nested = tapestry(
  'nested-in-random',
  { parameters: { x: z.number(), seed: z.number() } },
  (_t, { x, seed }) => {
    const made = shape({ x, seed }, { id: 'made' });
    return {
      type: aggregate({ inputs: { made }, combine: ({ made }) => made.type }, { id: 'type' }),
      n: aggregate({ inputs: { made }, combine: ({ made }) => made.n }, { id: 'n' }),
    };
  },
);
const grow = tapestry(
  'grown-in-random',
  { parameters: { type: z.enum(['a', 'b']), n: z.number(), seed: z.number() } },
  (_t, { n, seed }) => ({
    n: aggregate({ inputs: { n, seed }, combine: ({ n, seed }) => compute.grow(n, seed) }, { id: 'grown' }),
  }),
);
/** Too few for small numbers. */
export const ITERATIONS = 4;
const maybe = { mix: optional(mix), spread: optional(spread), tally: optional(tally) };

/** What became of a knot, as it is told to one that receives outcomes. */
function toldOf(outcome: Outcome): string {
  if (outcome.kind === 'ok') return `ok ${JSON.stringify(outcome.value)}`;
  return outcome.kind === 'err' ? `err ${outcome.error.type}` : `skipped ${outcome.reason}`;
}

/** The name of the signal that a knot waits for: each has its own, so that it does not matter which begins first. */
export function signalOf({ id }: Step): string {
  return `signal-${id}`;
}

/** The payloads of all signals that a recipe waits for, by name. */
export function signalsOf({ steps }: Recipe): Record<string, number> {
  const waiting = steps.filter(({ kind }) => kind === 'waitForSignal');
  return Object.fromEntries(waiting.map((step) => [signalOf(step), compute.signal(step.seed)]));
}

/** The tapestry of a recipe, made as a user would make it. */
export function tapestryOf(
  name: string,
  recipe: Recipe,
  dispatcherOf: (step: Step) => Dispatcher | undefined = () => undefined,
): Tapestry<{ x: number }, Record<string, unknown>> {
  return tapestry(name, { parameters: { x: z.number() } }, (_t, { x }) => {
    const knots = new Map<string, AnyKnot>([[parameter.id, x]]);
    for (const step of recipe.steps) {
      if (step.kind === 'parameter' || step.kind === 'path') continue;
      const dispatcher = dispatcherOf(step);
      place(step, knots, {
        id: step.id,
        ...(step.requiresAll && { errorPolicy: 'requireAllParents' as const }),
        ...(dispatcher && { dispatcher }),
      });
    }
    return Object.fromEntries(knots);
  });
}

interface PlacedAs {
  readonly id: string;
  readonly errorPolicy?: 'requireAllParents';
  readonly dispatcher?: Dispatcher;
}

function place(step: Step, knots: Map<string, AnyKnot>, config: PlacedAs): void {
  const { id, seed } = step;
  const inputs = Object.fromEntries(step.inputs.map((input, place) => [`in${place}`, knots.get(input)!]));
  const { in0: input } = inputs as { in0: AnyKnot };
  // These have policies of their own.
  const { errorPolicy: _, ...receiving } = config;
  // These are in no segment.
  const apart = {
    ...config,
    dispatcher: config.dispatcher?.kind === 'queue' ? config.dispatcher : undefined,
  };
  const placed = (): AnyKnot => {
    switch (step.kind) {
      case 'source':
        return source({ read: () => compute.source(seed) }, config);
      case 'mix':
        return (step.optional ? maybe.mix : mix)({ ...inputs, seed }, config);
      case 'tally':
        return (step.optional ? maybe.tally : tally)({ ...inputs, seed }, receiving);
      case 'aggregate':
        return aggregate({ inputs, combine: (given) => compute.aggregate(numbersOf(given), seed) }, config);
      case 'sink':
        return sink(
          { inputs: { input }, write: async (given) => compute.sink(given.input as number, seed) },
          config,
        );
      case 'spread':
        return (step.optional ? maybe.spread : spread)({ x: input, seed }, config);
      case 'sum':
        return reduce({ of: input, fold: async (sum: number, x: number) => sum + x, initial: seed }, config);
      case 'highest':
        return reduce({ of: input, combine: (all: readonly number[]) => compute.highest(all, seed) }, config);
      case 'draw':
        return draw({ x: input, seed }, config);
      case 'area':
        return area({ x: input, seed }, config);
      case 'gate':
        return gate({ input, predicate: (x: number) => compute.gate(x, seed) as boolean }, config);
      case 'firstOk':
        return firstOk({ of: Object.values(inputs) }, receiving);
      case 'map': {
        const over = input as Knot<number[]>;
        const onError = seed % 2 === 0 ? 'skip' : 'fail';
        const batch = 1 + (seed % 3);
        if (seed % 4 < 2)
          return map({ over, each: element, bind: 'x', shared: { seed }, onError, batch }, config);
        return map({ over, each: async (given) => compute.element(given.element, seed), onError }, config);
      }
      case 'loop':
        return loop(
          {
            step: grow,
            initial: { type: 'a', n: input, seed },
            until: async ({ n }) => compute.isGrown(n),
            max: ITERATIONS,
          },
          apart,
        );
      case 'waitForSignal':
        return waitForSignal(signalOf(step), z.number(), { ...apart, after: [input] });
      case 'sleep':
        return sleep({ ms: 1 + seed, input }, apart);
      case 'subTapestry':
        return subTapestry({ tapestry: nested, inputs: { x: input, seed } }, apart);
      case 'selector': {
        const chosen = branch(
          {
            input,
            branches: KINDS.selector.paths,
            selector: async (x: number) => compute.selector(x, seed) as never,
          },
          config,
        );
        for (const tag of KINDS.selector.paths) knots.set(`${id}:${tag}`, chosen.path(tag));
        return chosen;
      }
      case 'on': {
        const chosen = branch({ input: input as Knot<Shape>, on: 'type' }, config);
        for (const tag of KINDS.on.paths) knots.set(`${id}:${tag}`, chosen.path(tag));
        return chosen;
      }
      case 'parameter':
      case 'path':
        throw new Error(`${id} comes with another knot.`);
    }
  };
  knots.set(id, placed());
}
