import { knot, local, map, queue, tapestry, type Dispatcher, type Knot } from 'selvage';
import { z } from 'zod';

/** So many elements fail: one of a hundred. */
const FAILS = 100;

/** As many bodies run at once, so that as many elements are recorded together: bodies that take no time need it. */
const RECORDED_TOGETHER = 500;

const range = knot('range', ({ size }: { size: number }) =>
  Array.from({ length: size }, (_, index) => index),
);
const double = knot('double', ({ x }: { x: number }) => {
  if (x % FAILS === 0) throw new RangeError('It is a multiple of 100.');
  return x * 2;
});
const sum = knot('sum', ({ values }: { values: readonly number[] }) =>
  values.reduce((total, value) => total + value, 0),
);
const okOf = knot('ok-of', ({ outcomes }: { outcomes: readonly { kind: string; value?: number }[] }) =>
  outcomes.flatMap((outcome) => (outcome.kind === 'ok' ? [outcome.value!] : [])),
);

function million(name: string, dispatcher: Dispatcher, onError: 'skip' | 'collect', batch: number) {
  return tapestry(name, { parameters: { size: z.number() }, knots: { dispatcher } }, (_t, { size }) => {
    const over = range({ size }, { id: 'list' });
    const options = { over, each: double, bind: 'x', batch, concurrency: RECORDED_TOGETHER } as const;
    const values: Knot<readonly number[]> =
      onError === 'skip'
        ? map({ ...options, onError }, { id: 'mapped' })
        : okOf({ outcomes: map({ ...options, onError }, { id: 'mapped' }) }, { id: 'ok' });
    return { total: sum({ values }, { id: 'total' }) };
  });
}

export const inSegments = million('million-local', local(), 'skip', 1);
export const inBatches = million('million-batches', queue(), 'collect', 500);

/** What all elements that do not fail come to. */
export function totalOf(size: number): number {
  const failing = Math.ceil(size / FAILS);
  return size * (size - 1) - FAILS * failing * (failing - 1);
}

export const tapestries = [inSegments, inBatches];
export const taskQueue = 'million';
export const workerOptions = {};
