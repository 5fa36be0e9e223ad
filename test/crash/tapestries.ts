import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

import {
  knot,
  list,
  local,
  map,
  sleep as sleepKnot,
  tapestry,
  waitForSignal,
  type KnotContext,
  type KnotOptions,
  type Tapestry,
} from '../../src';

/**
 * What the workers of the crash tests run, in processes of their own. Bodies and tests tell each other by files in the
 * folder that is the run's parameter: `<knot>.<attempt>.began` has the process id of the worker.
 */
const folder = z.string();

export function beganFile(root: string, knotId: string, attempt: number): string {
  return path.join(root, `${knotId}.${attempt}.began`);
}

/** The file that lets an attempt go on. */
export function goFile(root: string, knotId: string, attempt: number): string {
  return path.join(root, `${knotId}.${attempt}.go`);
}

function begin(root: string, { knotId, attempt }: KnotContext): void {
  writeFileSync(beganFile(root, knotId, attempt), String(process.pid));
}

const pass = knot('pass', ({ x }: { x: number }) => x);
const add = knot('add', ({ a, b }: { a: number; b: number }) => a + b);

/** Waits for its permission, whatever its signal says, and tells which attempt it was. */
const waits = knot('waits', async ({ root }: { root: string }, context) => {
  begin(root, context);
  while (!existsSync(goFile(root, context.knotId, context.attempt))) await sleep(20);
  return context.attempt;
});

const kills = knot('kills', ({ root }: { root: string }, context): number => {
  begin(root, context);
  process.kill(process.pid, 'SIGKILL');
  return 0;
});

export const patient = tapestry('patient', (t) => {
  const root = t.parameter('root', folder);
  const before = pass({ x: 100 }, { id: 'before' });
  const attempt = waits({ root }, { id: 'waiting' });
  return { attempt, sum: add({ a: before, b: attempt }, { id: 'sum' }) };
});

const murderousWith = (name: string, options: KnotOptions): Tapestry<{ root: string }> =>
  tapestry(name, (t) => {
    const root = t.parameter('root', folder);
    const killer = kills({ root }, { id: 'killer', retry: { maximumAttempts: 10 }, ...options });
    const innocent = pass({ x: 7 }, { id: 'innocent' });
    return {
      victim: pass({ x: killer }, { id: 'victim' }),
      innocent: add({ a: innocent, b: 1 }, { id: 'after-innocent' }),
    };
  });
export const murderous = murderousWith('murderous', {});
/** Here the body, not the attempt, tells that a worker was lost: most attempts may only have waited for a place. */
export const murderousInPlace = murderousWith('murderous-in-place', { maxConcurrent: 1 });

/** Knots that run beside one another when the first two workers are lost, and end at once after that. */
export const CROWD = Array.from({ length: 20 }, (_, index) => `innocent-${index}`);
const crowded = knot('crowded', async ({ root }: { root: string }, context) => {
  begin(root, context);
  while (context.attempt <= 2) await sleep(20);
  return context.attempt;
});
const killsCrowd = knot('kills-crowd', async ({ root }: { root: string }, context): Promise<number> => {
  const { attempt } = context;
  while (attempt <= 2 && !CROWD.every((id) => existsSync(beganFile(root, id, attempt)))) await sleep(20);
  begin(root, context);
  process.kill(process.pid, 'SIGKILL');
  return 0;
});
export const killerInCrowd = tapestry('killer-in-crowd', (t) => {
  const root = t.parameter('root', folder);
  const killer = killsCrowd({ root }, { id: 'killer' });
  const ids = CROWD.map((id) => [id, crowded({ root }, { id })] as const);
  return { killer, ...Object.fromEntries(ids) };
});

export const ELEMENTS = Array.from({ length: 1_500 }, (_, x) => x);
export const KILLER = 700;
const elements = knot('elements', () => ELEMENTS);
const killsAtOne = knot('kills-at-one', ({ x }: { x: number }) => {
  if (x === KILLER) process.kill(process.pid, 'SIGKILL');
  return x;
});
/** One of the elements kills each worker that comes to it. */
export const murderousMap = tapestry('murderous-map', () => {
  const over = elements({}, { id: 'elements' });
  const options = { id: 'mapped', dispatcher: local() } as const;
  return { mapped: map({ over, each: killsAtOne, bind: 'x', onError: 'skip' }, options) };
});

/** The first step of its workflow computes for some time. */
export const wide = tapestry('wide', () =>
  Object.fromEntries(Array.from({ length: 100 }, (_, x) => [`k${x}`, pass({ x }, { id: `k${x}` })])),
);

const NAP_MS = 8_000;
/** Waits for a signal and for a time. */
export const waitsForWord = tapestry('waits-for-word', () => {
  const before = pass({ x: 1 }, { id: 'before' });
  const word = waitForSignal('word', z.number(), { id: 'word', after: [before] });
  const slept = sleepKnot({ ms: NAP_MS, input: before }, { id: 'slept' });
  return { sum: add({ a: word, b: slept }, { id: 'sum' }) };
});

export const PARTITIONS = Array.from({ length: 12 }, (_, index) => `p${String(index).padStart(2, '0')}`);
/** These are made at once; the others wait for {@link goFile} of `backfill`. */
export const QUICK_PARTITIONS = 4;
const makes = knot(
  'makes',
  async ({ root, partition }: { root: string; partition: { readonly key: string } }) => {
    const isQuick = PARTITIONS.indexOf(partition.key) < QUICK_PARTITIONS;
    appendFileSync(path.join(root, 'partitions'), `${partition.key} begun\n`);
    while (!isQuick && !existsSync(goFile(root, 'backfill', 1))) await sleep(20);
    return partition.key;
  },
);
/** To be backfilled. The bodies tell what they make in the file `partitions`. */
export const partitioned = tapestry(
  'partitioned',
  { partition: list(PARTITIONS), parameters: { root: folder } },
  (_, { root, partition }) => ({ made: makes({ root, partition }, { id: 'made', dispatcher: local() }) }),
);

export const crashTapestries = [
  patient,
  murderous,
  murderousInPlace,
  killerInCrowd,
  murderousMap,
  wide,
  waitsForWord,
  partitioned,
];
