import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { knot, local, tapestry, type Knot, type StoredBytes } from 'selvage';
import { z } from 'zod';
import { increment, makeRows, nextRows, sum, type TableRow } from '../raw/activities';

/** Large values and streams come in so many variants: the load goes on for long, and the disk is not what is tried here. */
const VARIANTS = 40;
const CHUNK = 64 * 1024;
const CHUNKS = 16;
/** Shared by all tapestries: one worker takes the runs of one queue. */
const queue = 'soak';
const parameters = { seed: z.number() };

const inc = knot('inc', ({ x }: { x: number }) => increment(x));
const total = knot('total', (values: Record<string, number>) => sum(Object.values(values)));

/** Activities and segments that hand one another values. */
export const mixed = tapestry('mixed', { parameters, taskQueue: queue }, (_t, { seed }) => {
  const start = inc({ x: seed }, { id: 'start' });
  const values: Record<string, Knot<number>> = {};
  for (let index = 0; index < 40; index++)
    values[`v${index}`] = inc({ x: start }, { id: `fan-${index}`, dispatcher: local() });
  let last: Knot<number> = total(values, { id: 'total', dispatcher: local() });
  for (let index = 0; index < 20; index++)
    last = inc({ x: last }, { id: `chain-${index}`, dispatcher: local() });
  for (let index = 0; index < 4; index++) last = inc({ x: last }, { id: `queued-${index}` });
  return { last };
});

const flaky = knot('flaky', ({ x }: { x: number }, { attempt }) => {
  if (attempt < 3) throw new Error(`attempt ${attempt} fails, as it is meant to`);
  return x;
});
const broken = knot('broken', ({ x }: { x: number }): number => {
  throw new Error(`this always fails, as it is meant to (${x})`);
});

/** Knots that end well at their third attempt, and one that never does. */
export const failing = tapestry('failing', { parameters, taskQueue: queue }, (_t, { seed }) => {
  const retry = { maximumAttempts: 3, initialInterval: 50 };
  const queued = flaky({ x: seed }, { id: 'queued', retry });
  const inSegment = flaky({ x: seed }, { id: 'in-segment', retry, dispatcher: local() });
  return {
    sum: total({ queued, inSegment }, { id: 'sum' }),
    never: inc({ x: broken({ x: seed }, { id: 'broken', retry }) }, { id: 'never' }),
  };
});

const makeTable = knot('make-table', ({ seed }: { seed: number }) => makeRows(seed % VARIANTS));
const nextTable = knot('next-table', ({ rows }: { rows: TableRow[] }) => nextRows(rows));
const countTable = knot('count-table', ({ rows }: { rows: TableRow[] }) => rows.length);

/** Values of 1 MB, between activities and within a segment. */
export const large = tapestry('large', { parameters, taskQueue: queue }, (_t, { seed }) => {
  const rows = makeTable({ seed }, { id: 'table' });
  const next = nextTable({ rows }, { id: 'next', dispatcher: local() });
  return { count: countTable({ rows: next }, { id: 'count', dispatcher: local() }) };
});

async function* chunksOf(seed: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < CHUNKS; index++) {
    const hash = createHash('sha256').update(`${seed} ${index}`).digest();
    yield Buffer.alloc(CHUNK, hash);
  }
}

const write = knot('write', async ({ seed }: { seed: number }, ctx) => ctx.store(chunksOf(seed % VARIANTS)));
const read = knot('read', async ({ file }: { file: StoredBytes }, ctx) => {
  let bytes = 0;
  for await (const chunk of await ctx.open(file)) bytes += chunk.byteLength;
  return bytes;
});

/** Bytes that are written and read as streams. */
export const streams = tapestry('streams', { parameters, taskQueue: queue }, (_t, { seed }) => {
  const file = write({ seed }, { id: 'file' });
  return {
    queued: read({ file }, { id: 'queued' }),
    inSegment: read({ file }, { id: 'in-segment', dispatcher: local() }),
  };
});

const wait = knot('wait', async ({ x }: { x: number }, { signal }) => {
  await delay(60_000, undefined, { signal });
  return x;
});

/** Waits until it is cancelled. */
export const endless = tapestry('endless', { parameters, taskQueue: queue }, (_t, { seed }) => {
  return {
    queued: wait({ x: seed }, { id: 'queued' }),
    inSegment: wait({ x: seed }, { id: 'in-segment', dispatcher: local() }),
  };
});

/** What most runs are: a few quick knots, whose values are small and never the same. */
export const small = tapestry('small', { parameters, taskQueue: queue }, (_t, { seed }) => {
  const first = inc({ x: seed }, { id: 'first', dispatcher: local() });
  return { last: inc({ x: first }, { id: 'last' }) };
});

const split = knot('split', ({ line }: { line: string }) => line.split(' '));
const isOrder = knot(
  'is-order',
  ({ words }: { words: string[] }) => words[1]?.startsWith('/orders/') === true,
);

/** What each line of the stream is for. */
export const lines = tapestry('lines', { parameters: { line: z.string() } }, (_t, { line }) => ({
  order: isOrder({ words: split({ line }, { id: 'words' }) }, { id: 'order' }),
}));

export const TAPESTRIES = [mixed, failing, large, streams, endless, small] as const;
