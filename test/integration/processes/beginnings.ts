import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { KnotContext } from '../../../src';
import { notesFolder } from './notes';

/** A body that has begun, in a worker process. */
export interface Beginning {
  readonly run: string;
  readonly knot: string;
  readonly pid: number;
  readonly at: number;
}

const beginsIn = (folder: string): string => path.join(folder, 'begins.txt');
/** The body of the knot ends when it is there. */
export const mayEnd = (folder: string, knotId: string): string => path.join(folder, `${knotId}.may-end`);

export function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

export function beginnings(folder: string): Beginning[] {
  return linesOf(beginsIn(folder)).map((line) => JSON.parse(line) as Beginning);
}

export function noteBeginning({ runId: run, knotId: knot }: KnotContext): string {
  const folder = notesFolder();
  const beginning: Beginning = { run, knot, pid: process.pid, at: Date.now() };
  appendFileSync(beginsIn(folder), `${JSON.stringify(beginning)}\n`);
  return folder;
}

/** Notes that it has begun, and waits for its permission to end. */
export async function untilPermitted(context: KnotContext): Promise<void> {
  const folder = noteBeginning(context);
  while (!existsSync(mayEnd(folder, context.knotId)) && !context.signal.aborted) await delay(20);
}
