import fc from 'fast-check';
import { z } from 'zod';
import {
  gate,
  local,
  map,
  pick,
  queue,
  tapestry,
  type Dispatcher,
  type HostDispatcher,
  type Tapestry,
} from '../../../src';
import {
  arbitraryRecipe,
  coveringSample,
  happeningsIn,
  nestedOf,
  signalsOf,
  tapestryOf,
  type Recipe,
} from '../../support/random-tapestry';
import type { SuiteBodies } from './bodies';

const SEED = 2_026;
const DRAWN = 400;
const FEW = 4;
/** A time that is past on every host. */
const PAST = 1_000_000_000_000;

/** Elements of the large map on a cluster. */
export const CLUSTER_ELEMENTS = 500;
const ALONE = 200;
const TIMEOUT_MS = 300;

/** Who calls bodies: of whose bodies, and as what knots are scheduled. */
export interface Way {
  readonly bodies: SuiteBodies;
  readonly placement: 'queue' | 'segments';
  /** What calls them. Default: the worker itself. */
  readonly host?: HostDispatcher;
}

export interface Subject {
  readonly name: string;
  readonly tapestry: Tapestry<object, object>;
  readonly parameters: object;
  readonly signals?: Readonly<Record<string, unknown>>;
  /** Run a second time, which reuses values of the first, by the salt among its parameters. */
  readonly isReused?: true;
}

const LENGTH = { minLength: 12, maxLength: 24 };

/** `whole`: all that happens in runs of {@link DRAWN} recipes happens in one of these, so that each kind of knot comes to all that it can come to. */
function recipesOf(size: 'small' | 'whole'): readonly Recipe[] {
  const drawn = fc.sample(arbitraryRecipe(LENGTH), { numRuns: size === 'small' ? FEW : DRAWN, seed: SEED });
  const all = (): Set<string> => new Set(drawn.flatMap((recipe) => [...happeningsIn(recipe)]));
  return (size === 'small' ? drawn : coveringSample(all(), SEED)).map((recipe) => ({
    ...recipe,
    parameters: { ...recipe.parameters, soon: PAST },
  }));
}

/** Each recipe is placed in one way: a run costs much, and a host does not know how its bodies are scheduled. */
export function subjectsOn(way: Way, size: 'small' | 'whole' = 'whole'): readonly Subject[] {
  const { bodies, placement } = way;
  const { dispatcher } = knotsOn(way).knots;
  const nested = nestedOf(bodies.nested, { prefix: `${nameOn(way)}-`, dispatcher });
  const given = { definitions: bodies.random, nested, dispatcher };
  const turn = placement === 'queue' ? 0 : 1;
  const some = recipesOf(size).filter((_, index) => index % 2 === turn);
  return [
    ...some.map((recipe, index): Subject => {
      const name = `${nameOn(way)}-${String(index).padStart(2, '0')}`;
      const tapestry = tapestryOf(name, recipe, undefined, given);
      return { name, tapestry, parameters: recipe.parameters, signals: signalsOf(recipe) };
    }),
    {
      name: `${nameOn(way)}-others`,
      tapestry: othersOn(way),
      parameters: { n: 7, salt: '' },
      isReused: true,
    },
  ];
}

/** What the names of its tapestries begin with. */
const nameOn = ({ placement }: Way): string => `parity-${placement}`;

/** Where all its knots run. */
const knotsOn = ({ placement, host }: Way): { knots: { dispatcher: Dispatcher } } => {
  const options = host && { host };
  return { knots: { dispatcher: placement === 'queue' ? queue(undefined, options) : local(options) } };
};

const VALUES = {
  date: new Date(Date.UTC(2026, 1, 3, 4, 5, 6, 789)),
  numbers: [1.5, -0, NaN, -Infinity, 2 ** 53 - 1, 1e300],
  large: 2n ** 70n,
  small: 3n,
  map: new Map<unknown, unknown>([
    [1, 'one'],
    ['two', [2n]],
  ]),
  set: new Set(['a', 1, 2.5]),
  text: 'é 𝄞 "',
  bytes: new Uint8Array([1, 2, 3]),
  nothing: null,
  tag: { $type: 'date', value: 'not one' },
};

/** What no random tapestry has: reuse, limits, timeouts, values of all types, errors with causes, heartbeats, schemas, parts of values. */
function othersOn(way: Way): Tapestry<{ n: number; salt: string }, object> {
  const { same, numbers, double, salted, add, bytes, measure, fails, givesUp, asksAgain, narrow, ...others } =
    way.bodies;
  const options = { ...knotsOn(way), parameters: { n: z.number(), salt: z.string() } };
  return tapestry(`${nameOn(way)}-others`, options, (_t, { n, salt }) => {
    const cached = salted({ x: n, salt }, { id: 'cached', cache: true });
    const list = numbers({ n }, { id: 'list' });
    map({ over: list, each: salted, bind: 'x', shared: { salt }, batch: 3 }, { id: 'mapped', cache: true });
    for (const name of ['a', 'b', 'c']) {
      double({ x: n }, { id: `limited-${name}`, maxConcurrent: { key: 'parity', limit: 1 } });
      add({ a: n, b: 1 }, { id: `paced-${name}`, ratePerSecond: { key: 'parity-pace', limit: 50 } });
    }
    const value = same({ value: VALUES }, { id: 'values' });
    pick({ from: value, path: ['numbers', 0] as never }, { id: 'picked' });
    pick({ from: value, path: ['nowhere'] as never }, { id: 'not-picked' });
    measure({ data: bytes({ size: 3_000_000 }, { id: 'bytes' }) }, { id: 'measured' });
    const retry = { maximumAttempts: 3, initialInterval: 1 };
    const failed = fails({}, { id: 'failed', retry });
    add({ a: failed, b: cached }, { id: 'below' });
    fails({}, { id: 'not-tried-again', retry: { ...retry, nonRetryableErrors: ['TypeError'] } });
    givesUp({}, { id: 'gives-up', retry });
    asksAgain({}, { id: 'asks-again', retry });
    others.outlasts({}, { id: 'overdue', timeout: TIMEOUT_MS });
    others.outlastsLater({}, { id: 'overdue-later', timeout: TIMEOUT_MS });
    for (const [name, b] of Object.entries({ 'too-small': -6, fits: -4, 'too-large': 0 })) {
      narrow({ x: add({ a: n, b }, { id: `${name}-x` }) }, { id: name });
    }
    return { open: gate({ input: cached, predicate: (x) => x > 5 }, { id: 'open' }) };
  });
}

/** A map over so many elements as the parameter says, in batches, and a small one over elements that go alone. */
export function wideOn(way: Way): Tapestry<{ n: number }, { all: number[] }> {
  const { numbers, double } = way.bodies;
  const options = { ...knotsOn(way), parameters: { n: z.number() } };
  return tapestry(`${nameOn(way)}-wide`, options, (_t, { n }) => {
    const some = numbers({ n: ALONE }, { id: 'some' });
    map({ over: some, each: double, bind: 'x' }, { id: 'alone' });
    const list = numbers({ n }, { id: 'list' });
    return { all: map({ over: list, each: double, bind: 'x', batch: 100 }, { id: 'all' }) };
  });
}

/** Two bodies that wait until they are told to end, and what is before and below them. */
function waitingOn(way: Way): Tapestry<{ n: number }, object> {
  const { double, outlasts, outlastsLater, add } = way.bodies;
  const options = { ...knotsOn(way), parameters: { n: z.number() } };
  return tapestry(`${nameOn(way)}-waiting`, options, (_t, { n }) => {
    const after = double({ x: n }, { id: 'before' });
    const a = outlasts({ after }, { id: 'waits' });
    const b = outlastsLater({ after }, { id: 'waits-too' });
    return { below: add({ a, b }, { id: 'below' }) };
  });
}

/** The tapestries of one placement. */
export interface Placed {
  readonly placement: Way['placement'];
  readonly subjects: readonly Subject[];
  readonly wide: ReturnType<typeof wideOn>;
  readonly waiting: ReturnType<typeof waitingOn>;
}

export interface Parity {
  readonly size: 'small' | 'whole';
  readonly placed: readonly Placed[];
  /** All that a worker has to have. */
  readonly tapestries: Subject['tapestry'][];
}

/**
 * The tapestries of the suite, with these bodies.
 *
 * @param host what calls them. Default: the worker
 */
export function parityOn(
  bodies: SuiteBodies,
  { host, size = 'whole' }: { readonly host?: HostDispatcher; readonly size?: Parity['size'] } = {},
): Parity {
  const placed = (['queue', 'segments'] as const).map((placement): Placed => {
    const way = { bodies, placement, ...(host && { host }) };
    return { placement, subjects: subjectsOn(way, size), wide: wideOn(way), waiting: waitingOn(way) };
  });
  const tapestries = placed.flatMap(({ subjects, wide, waiting }) => [
    ...subjects.map(({ tapestry }) => tapestry),
    wide as unknown as Subject['tapestry'],
    waiting as unknown as Subject['tapestry'],
  ]);
  return { size, placed, tapestries };
}
