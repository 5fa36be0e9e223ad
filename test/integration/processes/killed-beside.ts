import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { knot, tapestry, type Knot } from '../../../src';
import { notesFolder } from './notes';

const CALLS = 'slow-calls.txt';
/** The slow knot ends when it is there. */
export const PERMISSION = 'slow-may-end';

export function slowCallsIn(folder: string): number {
  const file = path.join(folder, CALLS);
  return existsSync(file) ? readFileSync(file, 'utf8').length : 0;
}

const slow = knot('slow', async ({ x }: { x: number }) => {
  const folder = notesFolder();
  appendFileSync(path.join(folder, CALLS), '.');
  while (!existsSync(path.join(folder, PERMISSION))) await delay(50);
  return x * 1_000;
});
const inc = knot('inc', ({ x }: { x: number }) => x + 1);
const total = knot('total', (inputs: Record<string, number>) =>
  Object.values(inputs).reduce((a, b) => a + b, 0),
);

/** A slow knot beside enough short ones that the run continues as new while it runs. */
export const killedBeside = tapestry('killed-beside', (t) => {
  const x = t.parameter('x', z.number());
  const beside = slow({ x }, { id: 'slow', timeout: 7_200_000 });
  let last: Knot<number> = x;
  for (let group = 0; group < 6; group++) {
    const all: Record<string, Knot<number>> = {};
    for (let k = 0; k < 100; k++) all[`k${k}`] = inc({ x: last }, { id: `g${group}-${k}` });
    last = total(all, { id: `g${group}` });
  }
  return { sum: total({ last, beside }, { id: 'sum' }) };
});
