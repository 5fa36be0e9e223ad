import type { RunMemo } from './messages';
import type { RunLimits } from './run-limits';
import type { World } from './world';

export interface RunFacts {
  readonly world: World;
  /** Temporal run id of the records of the whole chain of executions. */
  readonly temporalRunId: string;
  /** Whether there were earlier executions. */
  readonly isContinued: boolean;
  readonly behaviour: number;
  readonly limits: RunLimits;
  readonly memo: RunMemo;
}
