import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { knot, local, map, queue, tapestry, type Dispatcher } from '../../../src';
import { notesFolder } from './notes';

export const ELEMENTS = 60;
/** The element whose body kills its process when it is called for the first time. */
export const KILLER = 40;

const notesIn = (folder: string): string => path.join(folder, 'elements.txt');

/** How often the body of each element was called. */
export function callsOfElements(folder: string): Map<number, number> {
  const times = new Map<number, number>();
  for (const line of readFileSync(notesIn(folder), 'utf8').split('\n').filter(Boolean))
    times.set(Number(line), (times.get(Number(line)) ?? 0) + 1);
  return times;
}

const range = knot('range', () => Array.from({ length: ELEMENTS }, (_, index) => index));
const work = knot('work', ({ x }: { x: number }) => {
  const folder = notesFolder();
  appendFileSync(notesIn(folder), `${x}\n`);
  const blow = path.join(folder, 'blow.txt');
  if (x === KILLER && !existsSync(blow)) {
    writeFileSync(blow, '');
    process.kill(process.pid, 'SIGKILL');
  }
  return x * 2;
});

const killedMap = (name: string, dispatcher: Dispatcher, batch: number) =>
  tapestry(name, { knots: { dispatcher } }, () => ({
    doubled: map(
      { over: range({}, { id: 'range' }), each: work, bind: 'x', concurrency: 2, batch },
      { id: 'doubled' },
    ),
  }));

export const killedMaps = {
  queue: killedMap('killed-queue-map', queue(), 1),
  batches: killedMap('killed-batched-map', queue(), 25),
  local: killedMap('killed-local-map', local(), 1),
};
