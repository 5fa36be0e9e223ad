import { knot, tapestry } from '../../../src';
import { takeStrike, type Blow } from './blows';
import { note } from './journal';

/* The bodies of the campaign that a body host calls: this is what threads load. Their twins in Python are in test/dispatchers/bodies/twins.py. */

export type HostKind = 'threads' | 'python' | 'dask' | 'ray' | 'celery';

export interface Lives {
  readonly x: number;
  /** The scenario's. */
  readonly folder: string;
  /** Those that fall on what calls such bodies: the body deals them itself. */
  readonly blows: readonly Blow[];
}

const EXIT_CODE = 7;

export const lives = knot('lives', ({ x, folder, blows }: Lives, { runId: run, knotId: knot, attempt }) => {
  note(folder, { what: 'began', run, knot, attempt, takenAt: Date.now() });
  const blow = blows.find((one) => one.knots.includes(knot) && takeStrike(folder, one, knot) !== undefined);
  if (blow?.point === 'thread-exits') process.exit(EXIT_CODE);
  if (blow) outOfMemory();
  note(folder, { what: 'ended', run, knot, attempt });
  return (3 * x + 1) % 1_000_003;
});

function outOfMemory(): never {
  const all: string[] = [];
  for (;;) all.push('x'.repeat(10_000) + all.length);
}

export const hosted = tapestry('hosted-bodies', () => {
  lives({ x: 1, folder: '', blows: [] }, { id: 'lives' });
});
