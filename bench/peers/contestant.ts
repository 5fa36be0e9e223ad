import { makeRows } from '../raw/activities';

export type Shape = 'chain' | 'fan-out' | 'tables';

/**
 * `chain`: `size` increments of `start`, each recorded before the next begins. `fan-out`: `size` increments of `start`
 * that do not depend on one another, and a last step that adds them up. `tables`: `size` values of 1 MB, each made from the one
 * before, and a last step that counts the rows of the last one.
 */
export interface Job {
  readonly shape: Shape;
  readonly size: number;
  /** Differs from job to job, so that nothing that an earlier one stored serves again. */
  readonly start: number;
}

export interface Timed {
  /** From the call that starts the job to its result. */
  readonly ms: number;
  readonly result: number;
}

/** One system that does the jobs, started and ready. */
export interface Contestant {
  run(job: Job): Promise<Timed>;
  close(): Promise<void>;
}

/** How to get one. */
export interface Entry {
  readonly name: string;
  readonly isOurs: boolean;
  /** A step that has ended is on disk before what depends on it begins. */
  readonly isDurable: boolean;
  /** Installs what is missing and starts it. Rejects where it cannot be had on this machine, and then nothing is left running. */
  enter(): Promise<Contestant>;
}

/** Steps that run a body. */
export function stepsOf({ shape, size }: Omit<Job, 'start'>): number {
  return shape === 'chain' ? size : size + 1;
}

export function rightResult({ shape, size, start }: Job): number {
  if (shape === 'tables') return makeRows(start).length;
  return shape === 'chain' ? start + size : size * (start + 1);
}
