import { appendFileSync, existsSync, readdirSync, rmSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { knot, map, tapestry, type KnotContext } from '../../../src';
import { linesOf, noteBeginning, untilPermitted } from './beginnings';
import { notesFolder } from './notes';

export const LIMIT = 3;
export const CROWD = 12;
export const RATE = 20;
export const RATED = 15;

const liveIn = (folder: string): string => path.join(folder, 'live');
const crowdsIn = (folder: string): string => path.join(folder, 'crowds.txt');
const allThereIn = (folder: string): string => path.join(folder, 'all-there');

/** Of each body that ran, how many were running when it began, itself included. */
export function crowdsSeen(folder: string): number[] {
  return linesOf(crowdsIn(folder)).map(Number);
}

/** Counts those that run with it. The first ones wait for one another, so that the limit is used to the full. */
async function beInCrowd(_: object, { runId, knotId, signal }: KnotContext): Promise<void> {
  const folder = notesFolder();
  const own = path.join(liveIn(folder), `${runId}-${knotId}`);
  mkdirSync(liveIn(folder), { recursive: true });
  writeFileSync(own, '');
  const crowd = readdirSync(liveIn(folder)).length;
  appendFileSync(crowdsIn(folder), `${crowd}\n`);
  if (crowd >= LIMIT) writeFileSync(allThereIn(folder), '');
  while (!existsSync(allThereIn(folder)) && !signal.aborted) await delay(5);
  await delay(10);
  rmSync(own);
}

const limit = { key: 'crowd', limit: LIMIT };
const one = knot('one', { maxConcurrent: limit }, beInCrowd);
const another = knot('another', beInCrowd);

export const crowded = tapestry('crowded', () => {
  for (let n = 0; n < CROWD; n++) one({}, { id: `k${n}` });
});
export const alsoCrowded = tapestry('also-crowded', () => {
  for (let n = 0; n < CROWD; n++) another({}, { id: `k${n}`, maxConcurrent: limit });
});

const places = knot('places', (_: object) => Array.from({ length: CROWD }, (_item, n) => n));
const visit = knot('visit', ({ place: _place }: { place: number }, context) => beInCrowd({}, context));
export const crowdedMap = tapestry('crowded-map', () => {
  const over = places({}, { id: 'places' });
  map({ over, each: visit, bind: 'place', batch: 4 }, { id: 'visits', maxConcurrent: limit });
});

const permitted = knot('permitted', { maxConcurrent: 1 }, async (_: object, context) => {
  await untilPermitted(context);
  return context.attempt;
});
export const holding = tapestry('holding', () => ({ attempt: permitted({}, { id: 'holder' }) }));
export const next = tapestry('next', () => ({ attempt: permitted({}, { id: 'next' }) }));

const rated = knot('rated', { ratePerSecond: RATE }, (_: object, context) => void noteBeginning(context));
export const atRate = tapestry('at-rate', () => {
  for (let n = 0; n < RATED; n++) rated({}, { id: `k${n}` });
});

export const limitedTapestries = [crowded, alsoCrowded, crowdedMap, holding, next, atRate];
