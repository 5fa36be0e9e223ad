import type { Output } from '../output/output';

/** Makes a verb's work the action of its command. The work takes commander's arguments, then the output, and returns the exit code. */
export type Does = <Given extends unknown[]>(
  work: (...given: [...Given, Output]) => Promise<number>,
) => (...given: Given) => Promise<void>;
