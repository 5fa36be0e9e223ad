import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import path from 'node:path';
import { z } from 'zod';
import { fragment, knot, tapestry } from '../../../src';
import { notesFolder } from './notes';

const double = knot('double', { version: '1' }, ({ x }: { x: number }) => x * 2);
const plan = knot('plan', ({ x }: { x: number }, context) => {
  context.extend(fragment((f) => ({ more: double({ x: f.ref<number>('p') }, { id: 'more' }) })));
  return x + 1;
});
/** Ends when the test says so. */
const hold = knot('hold', async ({ x }: { x: number }, { signal }) => {
  while (!signal.aborted && !existsSync(path.join(notesFolder(), 'go-on.txt'))) await delay(20);
  return x;
});

/** A body extends the run. */
export const extending = tapestry('extending', { extensible: true }, (t) => {
  plan({ x: t.parameter('x', z.number()) }, { id: 'p' });
});
/** A client extends the run. */
export const extended = tapestry('extended', { extensible: { definitions: [double] } }, (t) => {
  hold({ x: t.parameter('x', z.number()) }, { id: 'h' });
});
export const moreFromOutside = fragment((f) => {
  const more = double({ x: f.ref<number>('h') }, { id: 'more' });
  return { more };
});
