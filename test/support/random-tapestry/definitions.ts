import {
  fragment,
  knot,
  optional,
  type FragmentKnot,
  type KnotContext,
  type KnotOptions,
  type Outcome,
} from '../../../src';
import { compute, toldOf, tryLuck, type Collected, type Tries } from './compute';

/** Given to each body beside its inputs. */
interface Shared extends Tries {
  readonly seed: number;
}

type Of<X> = Shared & { readonly x: X };

type Numbered<T> = Readonly<Record<`in${number}`, T>>;

const inputNames = (inputs: object): `in${number}`[] =>
  (Object.keys(inputs).filter((name) => name.startsWith('in')) as `in${number}`[]).sort();

export function numbersOf(inputs: Numbered<number>): number[] {
  return inputNames(inputs).map((name) => inputs[name]!);
}

export function toldOfAll(inputs: Numbered<Outcome>): string[] {
  return inputNames(inputs).map((name) => toldOf(inputs[name]!));
}

export const mix = knot('mix', async (inputs: Numbered<number> & Shared, { attempt }: KnotContext) => {
  tryLuck(inputs, attempt);
  return compute.mix(numbersOf(inputs), inputs.seed);
});

export const tally = knot(
  'tally',
  { receives: 'outcomes' },
  (
    inputs: Numbered<Outcome> & { readonly [K in keyof Shared]: Outcome<number> },
    { attempt }: KnotContext,
  ) => {
    const [seed, attempts, throws] = [inputs.seed, inputs.attempts, inputs.throws].map(constantOf);
    tryLuck({ attempts: attempts!, throws: throws! }, attempt);
    return compute.tally(toldOfAll(inputs), seed!);
  },
);

function constantOf(outcome: Outcome<number>): number {
  if (outcome.kind === 'ok') return outcome.value;
  throw new Error('A constant is Ok.');
}

/** A definition with one input that computes this. */
function of<X, Y>(name: string, computed: (x: X, seed: number) => Y) {
  return knot(name, ({ x, seed, ...tries }: Of<X>, { attempt }: KnotContext) => {
    tryLuck(tries, attempt);
    return computed(x, seed);
  });
}

export const spread = of('spread', compute.spread);
export const table = of('table', compute.table);
export const survivors = of(
  'survivors',
  (all: readonly Collected[] | Readonly<Record<string, Collected>>, seed) =>
    compute.survivors(Object.values(all), seed),
);
export const draw = of('draw', compute.draw);
export const area = of('area', compute.area);
/** Called by a map for each element of its list or record. */
export const element = of('element', compute.element);

/** Called by a map over two lists. */
export const pair = knot(
  'pair',
  ({ x, y, seed, ...tries }: Of<number> & { readonly y: number }, { attempt }: KnotContext) => {
    tryLuck(tries, attempt);
    return compute.element(x + y, seed);
  },
);

/** A knot to add to the run, as plain data. */
export interface Shoot extends Shared {
  readonly optional: boolean;
  readonly config: KnotOptions<'skipIfParentFailed'> & { readonly id: string };
}

/** Removes the code hash, because body threads of the tests are compiled differently from their worker. */
function ofAnySource({ definition: { codeHash: _, ...definition }, ...placed }: FragmentKnot): FragmentKnot {
  return { ...placed, definition };
}

export const planter = knot(
  'planter',
  ({ x, seed, shoot, ...tries }: Of<number> & { readonly shoot: Shoot }, context: KnotContext) => {
    tryLuck(tries, context.attempt);
    const { config, optional, ...shared } = shoot;
    const placed = optional ? maybe.mix : mix;
    const made = fragment((f) => void placed({ in0: f.ref<number>(context.knotId), ...shared }, config));
    context.extend({ ...made, knots: made.knots.map(ofAnySource) });
    return compute.sink(x, seed);
  },
);

/** The optional variants. */
export const maybe = {
  mix: optional(mix),
  spread: optional(spread),
  tally: optional(tally),
};
