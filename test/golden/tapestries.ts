import fc from 'fast-check';
import { z } from 'zod';
import { knot, local, map, queue, source, tapestry, type Dispatcher, type Tapestry } from '../../src';
import { everyWayOn } from '../support/every-way';
import { arbitraryRecipe, signalsOf, tapestryOf, type Recipe } from '../support/random-tapestry';
import type { Step } from '../support/random-tapestry/recipe';

/** The seed of all tapestries that are made at random. */
export const SEED = 2_026;

const SMALL = 400;
const LARGE = 100;

/** A time that is past on every host. */
const PAST = 1_000_000_000_000;

export interface Subject {
  readonly name: string;
  readonly tapestry: Tapestry<object, object>;
  readonly parameters: object;
  readonly signals: Readonly<Record<string, unknown>>;
  /** The recipe of a random tapestry. */
  readonly recipe?: Recipe;
  /** The knots that are in segments. */
  readonly locals: ReadonlySet<string>;
  /** Run a second time, which reuses values of the first. */
  readonly isReused?: true;
  /** Its bodies are made from text at run time, so that no compiler changes their code hashes. */
  readonly hasFixedCode?: true;
}

/** Where the knots of the subjects run. */
export type Placement = 'queue' | 'segments' | 'batches';

export const RECIPES: readonly Recipe[] = [
  ...fc.sample(arbitraryRecipe({ maxLength: 24 }), { numRuns: SMALL, seed: SEED }),
  ...fc.sample(arbitraryRecipe({ minLength: 12, maxLength: 24 }), { numRuns: LARGE, seed: SEED }),
].map((recipe) => ({ ...recipe, parameters: { ...recipe.parameters, soon: PAST } }));

export const nameOf = (index: number): string => `golden-${String(index).padStart(3, '0')}`;

/**
 * The subjects of a placement, with those that need more than a recipe can say. In process all of them run. On Temporal a run costs a hundred times
 * as much: half of them run with their knots in the queue, the others in segments. Half of those with maps run in batches, too.
 */
export function subjectsOn(placement: Placement | 'in process'): readonly Subject[] {
  const runsIn: Record<typeof placement, (recipe: Recipe, index: number) => boolean> = {
    'in process': () => true,
    queue: (_, index) => index % 2 === 0,
    segments: (_, index) => index % 2 === 1,
    batches: ({ steps }, index) => index % 2 === 1 && steps.some(isMap),
  };
  const placed = placement === 'in process' ? 'queue' : placement;
  const random = RECIPES.flatMap((recipe, index) =>
    runsIn[placement](recipe, index) ? [subjectOf(recipe, nameOf(index), placed)] : [],
  );
  return [...random, ...specials(placed === 'segments' ? local() : queue())];
}

export function subjectOf(recipe: Recipe, name: string, placement: Placement): Subject {
  const placed = placement === 'batches' ? inBatches(recipe) : recipe;
  const { parameters } = placed;
  let count = 0;
  // Every fifth knot is queued, so that segments begin and end in many ways.
  const locals = new Set<string>();
  const dispatcherOf = ({ id }: Step): Dispatcher => {
    if (placement !== 'segments' || count++ % 5 === 4) return queue();
    locals.add(id);
    return local();
  };
  return {
    name,
    tapestry: tapestryOf(name, placed, dispatcherOf),
    parameters,
    signals: signalsOf(placed),
    locals,
    recipe: placed,
  };
}

const isMap = ({ kind }: Step): boolean => kind === 'map' || kind === 'mapRecord' || kind === 'mapLists';

/** By their seeds, maps are over a definition, in batches of two or three. */
const BATCH_SEEDS = [1, 4, 5, 8, 13, 16, 17, 20];

function inBatches(recipe: Recipe): Recipe {
  const steps = recipe.steps.map((step) =>
    isMap(step) ? { ...step, seed: BATCH_SEEDS[step.seed % BATCH_SEEDS.length]! } : step,
  );
  return { ...recipe, steps };
}

/** Made from text, which no compiler sees. */
function body<T>(text: string): T {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  return new Function(`return ${text}`)() as T;
}

const double = knot(
  'golden-double',
  { version: '1' },
  body<(given: { x: number }) => number>('({ x }) => x * 2'),
);
const fails = knot(
  'golden-fails',
  { version: '3' },
  body<(given: { x: number }) => number>(
    '({ x }) => { throw new TypeError("no " + x, { cause: new RangeError("for a reason") }); }',
  ),
);

function specials(dispatcher: Dispatcher): readonly Subject[] {
  const fixed = tapestry('golden-fixed-code', { knots: { dispatcher } }, (t) => {
    const x = t.parameter('x', z.number());
    const cached = double({ x }, { id: 'cached', cache: true });
    const read = source({ read: body<() => number[]>('() => [3, 1, 2]') }, { id: 'read' });
    map({ over: read, each: double, bind: 'x' }, { id: 'mapped', cache: true });
    const retry = { maximumAttempts: 2, initialInterval: 1 };
    double({ x: fails({ x: cached }, { id: 'failing', retry }) }, { id: 'below', cache: true });
    return { cached };
  });
  const everyWay = everyWayOn('golden-every-way', dispatcher);
  return [
    {
      name: 'golden-fixed-code',
      tapestry: fixed,
      parameters: { x: 21 },
      signals: {},
      locals: new Set(),
      isReused: true,
      hasFixedCode: true,
    },
    {
      name: 'golden-every-way',
      tapestry: everyWay,
      parameters: { name: ' Ada ', count: 250, n: 40 },
      signals: { said: ' yes ' },
      locals: new Set(),
      isReused: true,
    },
  ];
}
