import { closeSync, existsSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import path from 'node:path';

import { killSelf } from '../campaign/blows';

/** Where an instance that serves a trigger is killed, on the way of an event. */
export const TRIGGER_POINTS = {
  'after-ledger-insert': 'the key is in the ledger, its run is not started',
  'after-start': 'the run is started, the ledger does not know',
  'before-commit': 'the ledger knows of the start, the event is not acknowledged',
  'after-commit': 'the event is acknowledged',
} as const;

export type TriggerPoint = keyof typeof TRIGGER_POINTS;

/** One of these is spent at a point by whoever dies there. */
export interface Blows {
  readonly folder: string;
  /** How many instances die at each point. */
  readonly each: number;
}

/** Dies here unless all blows of the point are spent. */
export function strike(point: string, { folder, each }: Blows): void {
  for (let index = 0; index < each; index++) {
    if (take(path.join(folder, `${point}.${index}`))) killSelf();
  }
}

/** Whether all blows of the point have fallen. */
export function isSpent(point: string, { folder, each }: Blows): boolean {
  return Array.from({ length: each }, (_, index) => path.join(folder, `${point}.${index}`)).every((mark) =>
    existsSync(mark),
  );
}

/** The mark is made before the blow: it tells who was to die by it. */
function take(file: string): boolean {
  try {
    const mark = openSync(file, 'wx');
    writeSync(mark, String(process.pid));
    closeSync(mark);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** By point, the process ids of those who were to die there. */
export function marksOf<Point extends string = TriggerPoint>(
  { folder }: Blows,
  points: Readonly<Record<Point, string>> = TRIGGER_POINTS as never,
): Record<Point, number[]> {
  const marks: Record<string, number[]> = Object.fromEntries(Object.keys(points).map((point) => [point, []]));
  if (!existsSync(folder)) return marks;
  for (const name of readdirSync(folder)) {
    const pid = Number(readFileSync(path.join(folder, name), 'utf8'));
    marks[name.slice(0, name.lastIndexOf('.'))]?.push(pid);
  }
  return marks;
}
