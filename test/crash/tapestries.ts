import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

import {
  knot,
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

const NAP_MS = 8_000;
/** Waits for a signal and for a time. */
export const waitsForWord = tapestry('waits-for-word', () => {
  const before = pass({ x: 1 }, { id: 'before' });
  const word = waitForSignal('word', z.number(), { id: 'word', after: [before] });
  const slept = sleepKnot({ ms: NAP_MS, input: before }, { id: 'slept' });
  return { sum: add({ a: word, b: slept }, { id: 'sum' }) };
});

export const crashTapestries = [patient, murderous, murderousInPlace, waitsForWord];
