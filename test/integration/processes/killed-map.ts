import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { knot, local, map, queue, tapestry, type Dispatcher, type Tapestry } from '../../../src';
import { notesFolder } from './notes';

export interface KilledMap {
  readonly dispatcher: Dispatcher;
  readonly elements: number;
  /** The call of a body that kills its process, counted from 1; those of the processes after it kill nobody. */
  readonly killingCall: number;
  readonly batch: number;
  readonly concurrency: number;
  /** Child runs that its own child run has, where it is too large for one history. */
  readonly parts?: number;
}

const notesIn = (folder: string): string => path.join(folder, 'elements.txt');

const blowIn = (folder: string): string => path.join(folder, 'blow.txt');

/** The element whose body killed its process. */
export function killerIn(folder: string): number {
  return Number(readFileSync(blowIn(folder), 'utf8'));
}

/** How often the body of each element was called. */
export function callsOfElements(folder: string): Map<number, number> {
  const times = new Map<number, number>();
  for (const line of readFileSync(notesIn(folder), 'utf8').split('\n').filter(Boolean))
    times.set(Number(line), (times.get(Number(line)) ?? 0) + 1);
  return times;
}

type Shape = Tapestry<object, { doubled: number[] }>;

/** In this process. */
let calls = 0;
const range = knot('range', ({ elements }: { elements: number }) =>
  Array.from({ length: elements }, (_, index) => index),
);
const work = knot('work', ({ x, killingCall }: { x: number; killingCall: number }) => {
  const folder = notesFolder();
  appendFileSync(notesIn(folder), `${x}\n`);
  calls += 1;
  if (calls === killingCall && !existsSync(blowIn(folder))) {
    writeFileSync(blowIn(folder), String(x));
    process.kill(process.pid, 'SIGKILL');
  }
  return x * 2;
});

const killedMap = (name: string, how: KilledMap): KilledMap & { readonly shape: Shape } => {
  const { dispatcher, elements, killingCall, batch, concurrency } = how;
  const shape = tapestry(name, { knots: { dispatcher } }, () => ({
    doubled: map(
      {
        over: range({ elements }, { id: 'range' }),
        each: work,
        bind: 'x',
        shared: { killingCall },
        concurrency,
        batch,
      },
      { id: 'doubled' },
    ),
  }));
  return { ...how, shape };
};

const small = { dispatcher: queue(), elements: 60, killingCall: 41, batch: 1, concurrency: 2 };
export const killedMaps = {
  queue: killedMap('killed-queue-map', small),
  batches: killedMap('killed-batched-map', { ...small, batch: 25 }),
  local: killedMap('killed-local-map', { ...small, dispatcher: local() }),
  // More than the 500 activities of one history: killed in its second part.
  parts: killedMap('killed-map-in-parts', {
    ...small,
    elements: 1_100,
    killingCall: 700,
    concurrency: 20,
    parts: 3,
  }),
};
