import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { Point } from './points';

/** A blow of a scenario's plan. */
export interface Blow {
  readonly index: number;
  readonly point: Point;
  /** The knot that it is aimed at; two for `two-workers`. Empty where it is not aimed at one. */
  readonly knots: readonly string[];
  /** When a random blow falls: milliseconds after the run has started. */
  readonly after?: number;
}

/** What the process that was hit left behind just before. */
export interface Mark {
  readonly pid: number;
  readonly knot: string;
  readonly at: number;
}

/** How often a blow strikes before it is spent. */
export function strikesOf({ point, knots }: Blow): number {
  if (point === 'in-body-twice' || point.startsWith('frozen-')) return 2;
  return point === 'two-workers' ? knots.length : 1;
}

function markFile(folder: string, blow: Blow, strike: number): string {
  return path.join(folder, `blow-${blow.index}.${strike}`);
}

/**
 * Takes a strike of a blow, for this process and nobody else; answers which, or undefined where the blow is spent. The file
 * that says so is the mark by which the campaign knows afterwards who was hit, and where.
 */
export function takeStrike(folder: string, blow: Blow, knot: string): number | undefined {
  // Whole before it has its name: who looks at it, or is killed meanwhile, must not find or leave half of one.
  const draft = path.join(folder, `blow-${blow.index}-by-${process.pid}`);
  writeFileSync(draft, JSON.stringify({ pid: process.pid, knot, at: Date.now() } satisfies Mark));
  try {
    for (let strike = 0; strike < strikesOf(blow); strike++) {
      if (isLinked(draft, markFile(folder, blow, strike))) return strike;
    }
    return undefined;
  } finally {
    rmSync(draft, { force: true });
  }
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

export function marksOf(folder: string, blow: Blow): Mark[] {
  const marks: Mark[] = [];
  for (let strike = 0; strike < strikesOf(blow); strike++) {
    const file = markFile(folder, blow, strike);
    if (existsSync(file)) marks.push(JSON.parse(readFileSync(file, 'utf8')) as Mark);
  }
  return marks;
}

/** Returns never: nothing of this process runs after it. */
export function killSelf(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal may take a moment to be delivered.
  for (;;);
}
