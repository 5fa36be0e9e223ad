import { z } from 'zod';
import { aggregate, knot, tapestry, type FailOn, type Outcome, type Tapestry } from '../../../src';
import { compute, type Shape } from './compute';
import { isReceivedWithin, type Step } from './recipe';

const make = knot('make', ({ x, seed }: { x: number; seed: number }) => compute.made(x, seed));
const recover = knot(
  'recover',
  { receives: 'outcomes' },
  ({ passed, seed }: { passed: Outcome<number>; seed: Outcome<number>; made?: Outcome<number> }) =>
    compute.recovered(passed.kind === 'ok' ? passed.value : undefined, seed.kind === 'ok' ? seed.value : NaN),
);

/**
 * Its value, made of its terminals, is a shape. It has one whatever becomes of `made`, so that it is left to `failOn` whether the run counts as failed.
 *
 * @param isReceived whether a knot is told that `made` has failed
 */
function nested(failOn: FailOn, isReceived: boolean): Tapestry<{ x: number; seed: number }, Shape> {
  const parameters = { x: z.number(), seed: z.number() };
  const name = `nested-${failOn}-${isReceived ? 'received' : 'unseen'}`;
  return tapestry(name, { failOn, parameters }, (_t, { x, seed }) => {
    const made = make({ x, seed }, { id: 'made' });
    const passed = aggregate({ inputs: { made }, combine: ({ made }) => made }, { id: 'passed' });
    const recovered = recover({ passed, seed, ...(isReceived && { made }) }, { id: 'recovered' });
    return {
      type: aggregate({ inputs: { recovered }, combine: ({ recovered }) => recovered.type }, { id: 'type' }),
      n: aggregate({ inputs: { recovered }, combine: ({ recovered }) => recovered.n }, { id: 'n' }),
    };
  });
}

const received = {
  unhandled: nested('unhandled', true),
  any: nested('any', true),
  never: nested('never', true),
};
const unseen = {
  unhandled: nested('unhandled', false),
  any: nested('any', false),
  never: nested('never', false),
};

/** The tapestry that a knot runs. */
export function nestedOf(step: Step): Tapestry<{ x: number; seed: number }, Shape> {
  return (isReceivedWithin(step) ? received : unseen)[step.failOn];
}

/** The step of a loop. */
export const grow = tapestry(
  'grown-in-random',
  { parameters: { type: z.enum(['a', 'b']), n: z.number(), seed: z.number() } },
  (_t, { n, seed }) => ({
    n: aggregate({ inputs: { n, seed }, combine: ({ n, seed }) => compute.grow(n, seed) }, { id: 'grown' }),
  }),
);
/** Too few for small numbers. */
export const ITERATIONS = 4;
