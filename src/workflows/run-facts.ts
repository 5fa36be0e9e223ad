import type { RunMemo } from './messages';
import type { RunLimits } from './run-limits';
import type { World } from './world';

/** Facts that are the same for all executions of a run. */
export interface RunFacts {
  readonly world: World;
  /** The Temporal run id under which the records of the whole chain are kept. */
  readonly temporalRunId: string;
  /** Whether there were earlier executions. */
  readonly isContinued: boolean;
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly memo: RunMemo;
}
