import { Knot, fragment, knot, type Fragment } from '../../src';
import type { ErrorCode } from '../../src/errors';

/** Registered by the tapestries whose runs {@link refusedFragments} would extend. */
export const double = knot('double', ({ x }: { x: number }) => x * 2);
/** Added by bodies. The tapestries of the tests have these definitions, but no knots of them. */
export const total = knot('total', ({ a, b }: { a: number; b: number }) => a + b);
export const spare = knot('spare', ({ x }: { x: number }) => x + 100);
export class Negate extends Knot<{ x: number }, number> {
  static knotName = 'negate';
  process({ x }: { x: number }): number {
    return -x;
  }
}
const unregistered = knot('unregistered', ({ x }: { x: number }) => x);
const otherDouble = knot('double', ({ x }: { x: number }) => x * 3);

export interface RefusedFragment {
  readonly lie: string;
  /** Throws if the wiring itself refuses the fragment. */
  readonly make: () => Fragment;
  readonly code: ErrorCode;
  readonly message: RegExp;
}

/**
 * Fragments that a run refuses.
 *
 * @param run ids of one of its knots, and of a terminal
 */
export function refusedFragments(run: {
  readonly knot: string;
  readonly terminal: string;
}): RefusedFragment[] {
  return [
    {
      lie: 'an id that the run has',
      make: () => fragment(() => void double({ x: 1 }, { id: run.knot })),
      code: 'DuplicateId',
      message: new RegExp(`"${run.knot}"`),
    },
    {
      lie: 'a circle',
      make: () => ({
        format: 1,
        knots: [
          { id: 'p', definition: { name: 'double' }, inputs: { x: { knot: 'q' } } },
          { id: 'q', definition: { name: 'double' }, inputs: { x: { knot: 'p' } } },
        ],
      }),
      code: 'Cycle',
      message: /circle/,
    },
    {
      lie: 'an unknown parent',
      make: () => fragment((f) => void double({ x: f.ref('gone') }, { id: 'e' })),
      code: 'UnknownKnot',
      message: /Input "x" of knot "e".*"gone"/,
    },
    {
      lie: 'an unknown terminal',
      make: () => ({ ...fragment(() => void double({ x: 1 }, { id: 'e' })), terminals: { more: 'gone' } }),
      code: 'UnknownTerminal',
      message: /"more".*"gone"/,
    },
    {
      lie: 'an unregistered definition',
      make: () => fragment(() => void unregistered({ x: 1 }, { id: 'e' })),
      code: 'UnknownDefinition',
      message: /"unregistered".*extensible: \{ definitions/,
    },
    {
      lie: 'other code',
      make: () => fragment(() => void otherDouble({ x: 1 }, { id: 'e' })),
      code: 'CodeDiffers',
      message: /"double"/,
    },
    {
      lie: 'a terminal whose name is taken',
      make: () => fragment(() => ({ [run.terminal]: double({ x: 1 }, { id: 'e' }) })),
      code: 'DuplicateTerminal',
      message: new RegExp(`"${run.terminal}"`),
    },
    {
      lie: 'what is no fragment',
      make: () => ({ knots: [] }) as unknown as Fragment,
      code: 'InvalidFragment',
      message: /format/,
    },
  ];
}
