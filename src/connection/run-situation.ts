import type { Layout } from '../plan';
import type { OpenWait } from '../workflows/messages';
import type { ChildSituation } from './child-situation';
import type { PendingActivity } from './pending-activity';
import type { QueuePollers } from './pollers';
import type { WorkflowTaskState } from './waiting';

/** The facts about an unfinished run. No worker needs to answer for them. */
export interface RunSituation {
  readonly layout: Layout;
  /**
   * Whether a knot with an outcome is Ok, by id: knots on record and, if a worker answers, knots that failed
   * without a record.
   */
  readonly outcomes: ReadonlyMap<string, boolean>;
  /**
   * After a reset: the outcomes on record of the execution before, which may have gone on after the point of
   * the reset.
   */
  readonly outcomesBefore?: ReadonlyMap<string, boolean>;
  readonly activities: readonly PendingActivity[];
  /**
   * The members of the running segments, if a worker has said them. Default: the local knots that can be in
   * one.
   */
  readonly segments?: readonly (readonly string[])[];
  /** Knots that wait for a signal or a time, if a worker has said them. */
  readonly waits?: readonly OpenWait[];
  /** Child runs that have not ended, by the id of the knot that runs in them. */
  readonly childRuns: ReadonlyMap<string, string>;
  /** How far the child runs of maps and slow knots are, by their own ids, if that is known. */
  readonly children?: ReadonlyMap<string, ChildSituation>;
  /** The pollers of the task queues in which something is due, where the server can tell. */
  readonly pollers: ReadonlyMap<string, QueuePollers | undefined>;
  readonly workflowTask?: WorkflowTaskState;
  /** Whether the run dispatches nothing more until it goes on with a new history. */
  readonly isHistoryFull: boolean;
  readonly now: number;
}
