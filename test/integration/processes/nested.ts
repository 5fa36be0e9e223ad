import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { knot, loop, subTapestry, tapestry } from '../../../src';
import { notesFolder } from './notes';

const CALLS = 'step-calls.txt';
/** The third step ends when it is there. */
export const THIRD_MAY_END = 'third-may-end';

/** What the steps were called on, in the order of their calls. */
export function stepCallsIn(folder: string): number[] {
  const file = path.join(folder, CALLS);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
}

const advance = knot('advance', async ({ x }: { x: number }) => {
  const folder = notesFolder();
  appendFileSync(path.join(folder, CALLS), `${x}\n`);
  while (x === 2 && !existsSync(path.join(folder, THIRD_MAY_END))) await delay(50);
  return x + 1;
});
const step = tapestry('killed-step', { parameters: { x: z.number() } }, (_t, { x }) => ({
  x: advance({ x }, { id: 'advance' }),
}));
const counting = tapestry('killed-counting', { parameters: { x: z.number() } }, (_t, { x }) => ({
  last: loop({ step, initial: { x }, until: (state) => state.x >= 5 }, { id: 'loop' }),
}));
/** A loop in a tapestry in a tapestry. */
export const killedNested = tapestry('killed-nested', { parameters: { x: z.number() } }, (_t, { x }) => ({
  counted: subTapestry({ tapestry: counting, inputs: { x } }, { id: 'counted' }),
}));
