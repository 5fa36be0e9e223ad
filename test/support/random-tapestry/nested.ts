import { z } from 'zod';
import {
  aggregate,
  knot,
  tapestry,
  type Dispatcher,
  type FailOn,
  type Outcome,
  type Tapestry,
} from '../../../src';
import { compute, type Shape } from './compute';
import { isReceivedWithin, type Step } from './recipe';

export const make = knot('make', ({ x, seed }: { x: number; seed: number }) => compute.made(x, seed));
export const recover = knot(
  'recover',
  { receives: 'outcomes' },
  ({ passed, seed }: { passed: Outcome<number>; seed: Outcome<number>; made?: Outcome<number> }) =>
    compute.recovered(passed.kind === 'ok' ? passed.value : undefined, seed.kind === 'ok' ? seed.value : NaN),
);

type ShapeOfSeed = Tapestry<{ x: number; seed: number }, Shape>;

/** The tapestries that knots run. */
export interface Nested {
  of(step: Step): ShapeOfSeed;
  /** The step of a loop. */
  readonly grow: Tapestry<Shape & { seed: number }, { n: number }>;
}

/** @param options the prefix of their names, and the dispatcher of their knots */
export function nestedOf(
  bodies: { readonly make: typeof make; readonly recover: typeof recover },
  { prefix = '', dispatcher }: { readonly prefix?: string; readonly dispatcher?: Dispatcher } = {},
): Nested {
  const knots = dispatcher && { knots: { dispatcher } };
  /**
   * A tapestry whose terminals make a shape, even if `made` fails, so that only `failOn` decides whether the run fails.
   *
   * @param isReceived whether a knot receives the failure of `made`
   */
  const nested = (failOn: FailOn, isReceived: boolean): ShapeOfSeed => {
    const parameters = { x: z.number(), seed: z.number() };
    const name = `${prefix}nested-${failOn}-${isReceived ? 'received' : 'unseen'}`;
    return tapestry(name, { failOn, parameters, ...knots }, (_t, { x, seed }) => {
      const made = bodies.make({ x, seed }, { id: 'made' });
      const passed = aggregate({ inputs: { made }, combine: ({ made }) => made }, { id: 'passed' });
      const recovered = bodies.recover({ passed, seed, ...(isReceived && { made }) }, { id: 'recovered' });
      return {
        type: aggregate(
          { inputs: { recovered }, combine: ({ recovered }) => recovered.type },
          { id: 'type' },
        ),
        n: aggregate({ inputs: { recovered }, combine: ({ recovered }) => recovered.n }, { id: 'n' }),
      };
    });
  };
  const both = (failOn: FailOn): readonly [ShapeOfSeed, ShapeOfSeed] => [
    nested(failOn, false),
    nested(failOn, true),
  ];
  const all = { unhandled: both('unhandled'), any: both('any'), never: both('never') };
  return {
    of: (step) => all[step.failOn][isReceivedWithin(step) ? 1 : 0],
    grow: tapestry(
      `${prefix}grown-in-random`,
      { parameters: { type: z.enum(['a', 'b']), n: z.number(), seed: z.number() }, ...knots },
      (_t, { n, seed }) => ({
        n: aggregate(
          { inputs: { n, seed }, combine: ({ n, seed }) => compute.grow(n, seed) },
          { id: 'grown' },
        ),
      }),
    ),
  };
}

/** Not enough iterations for small numbers. */
export const ITERATIONS = 4;
