import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { knot, local, tapestry, type Knot } from '../../../src';
import { notesFolder } from './notes';

export const KNOTS_BEFORE = 20;
export const KNOTS_AFTER = 20;

const notesIn = (folder: string): string => path.join(folder, 'calls.txt');

/** Ids of the knots whose bodies were called, in order. */
export function callsIn(folder: string): string[] {
  return readFileSync(notesIn(folder), 'utf8').split('\n').filter(Boolean);
}

function note(knotId: string): string {
  const folder = notesFolder();
  appendFileSync(notesIn(folder), `${knotId}\n`);
  return folder;
}

const step = knot('step', ({ x }: { x: number }, { knotId }) => {
  note(knotId);
  return x + 1;
});

/** Kills its process when it is called for the first time. */
const killer = knot('killer', ({ x }: { x: number }, { knotId }) => {
  const blow = path.join(note(knotId), 'blow.txt');
  if (!existsSync(blow)) {
    writeFileSync(blow, knotId);
    process.kill(process.pid, 'SIGKILL');
  }
  return x + 1;
});

/** A chain with a killer in the middle, and beside it a knot that has nothing to do with that. */
export const killed = tapestry('killed', { knots: { dispatcher: local() } }, (t) => {
  const x = t.parameter('x', z.number());
  const beside = step({ x }, { id: 'beside' });
  let result: Knot<number> = x;
  for (let n = 0; n < KNOTS_BEFORE; n++) result = step({ x: result }, { id: `before-${n}` });
  result = killer({ x: result }, { id: 'killer' });
  for (let n = 0; n < KNOTS_AFTER; n++) result = step({ x: result }, { id: `after-${n}` });
  return { result, beside };
});
