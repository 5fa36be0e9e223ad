/** The quickstart, and a tapestry with all three outcomes. */
export const PIPELINES = `
import { knot, tapestry } from 'selvage';
import { z } from 'zod';

const double = knot('double', { input: z.object({ x: z.number() }), output: z.number() }, ({ x }) => x * 2);
const add = knot('add', async ({ a, b }: { a: number; b: number }) => a + b);
const boom = knot('boom', ({ a }: { a: number }): number => {
  throw new RangeError(a + ' is too much');
});

export const quickstart = tapestry('quickstart', (t) => {
  const x = t.parameter('x', z.number());
  const d = double({ x }, { id: 'd' });
  return { answer: add({ a: x, b: d }, { id: 'answer' }) };
});

export const fails = tapestry('fails', (t) => {
  const x = t.parameter('x', z.number());
  const d = double({ x }, { id: 'd' });
  const e = boom({ a: d }, { id: 'e' });
  return { d, f: double({ x: e }, { id: 'f' }) };
});

`;

/** A knot that works until the file `go` is in the folder, and says on its log that it began. */
export const WAITING = `
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { knot, tapestry } from 'selvage';

const wait = knot('wait', async (_: {}, { logger, signal }) => {
  logger.info('began');
  while (!existsSync('go')) await sleep(20, undefined, { signal });
  return 'went';
});

export const waiting = tapestry('waiting', () => ({ end: wait({}, { id: 'wait' }) }));
`;

/** As `WAITING`, but it never hears of its signal. */
export const STUBBORN = WAITING.replace(', { signal }', '');

/** A cached knot that takes a parameter and a constant. */
export const CACHED = `
import { knot, tapestry } from 'selvage';
import { z } from 'zod';

const scale = knot('scale', { version: '1', cache: true }, ({ x, by }: { x: number; by: number }) => x * by);

export const scaled = tapestry('scaled', (t) => {
  const x = t.parameter('x', z.number());
  return { end: scale({ x, by: 10 }, { id: 'end' }) };
});
`;
