import path from 'node:path';
import { knot, local, map, queue, reduce, tapestry, threads, type Dispatcher, type Knot } from 'selvage';
import { z } from 'zod';
import { increment, sum } from '../raw/activities';
import { FOLDER } from './folder';
import { spin } from './spin';

/* Tapestries whose bodies run in threads, which load this file. */

export const KNOTS = 1_000;
export const ELEMENTS = 120;
export const CORES = 2;
const host = threads({ module: path.join(FOLDER, 'in-threads.ts'), maxWorkers: CORES });

const inc = knot('inc', ({ x }: { x: number }) => increment(x));

function chain(name: string, dispatcher: Dispatcher) {
  return tapestry(name, { parameters: { start: z.number() }, knots: { dispatcher } }, (_, { start }) => {
    let result: Knot<number> = start;
    for (let index = 0; index < KNOTS; index++) result = inc({ x: result }, { id: `inc-${index}` });
    return { result };
  });
}

export const chainInThreads = chain('chain-in-threads', local({ host }));

const range = knot('range', ({ start }: { start: number }) =>
  Array.from({ length: ELEMENTS }, (_, index) => start + index),
);
const spun = knot('spun', ({ x }: { x: number }) => spin(x));

function spinning(name: string, dispatcher: Dispatcher, batch?: number) {
  return tapestry(name, { parameters: { start: z.number() } }, (_, { start }) => {
    const list = range({ start }, { id: 'list' });
    const mapped = map(
      { over: list, each: spun, bind: 'x', ...(batch !== undefined && { batch }) },
      { id: 'mapped', dispatcher },
    );
    return { result: reduce({ of: mapped, combine: (values) => sum(values) }, { id: 'total' }) };
  });
}

export const spinInThreads = spinning('spin-in-threads', queue(undefined, { host }));
export const spinInBatches = spinning('spin-in-batches', queue(undefined, { host }), 10);
