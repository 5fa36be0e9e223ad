import type { Output } from '../output/output';

/** Makes a verb's work, which returns the exit code, the action of its command. */
export type Does = <Given extends unknown[]>(
  work: (...given: [...Given, Output]) => Promise<number>,
) => (...given: Given) => Promise<void>;
