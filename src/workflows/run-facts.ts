import type { RunMemo } from './messages';
import type { RunLimits } from './run-limits';

/** What holds for all executions of a run. */
export interface RunFacts {
  /** The Temporal run id that the records of the whole chain of executions are kept under. */
  readonly recordRun: string;
  readonly behaviour: number;
  readonly limits: RunLimits;
  /** What the client said of the run. */
  readonly memo: RunMemo;
}
