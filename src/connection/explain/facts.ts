import type { Layout } from '../../plan';
import type { OpenWait } from '../../workflows/messages';
import type { ErrorCode } from '../../errors';

/** An activity that has not ended, as the server sees it. Times are milliseconds since the epoch. */
export interface PendingActivity {
  readonly id: string;
  readonly type: string;
  readonly state: 'scheduled' | 'started' | 'cancelling' | 'paused';
  readonly attempt: number;
  readonly taskQueue: string;
  /** When the current attempt was, or will be, given to a worker. */
  readonly scheduledAt?: number;
  /** Start of the current attempt or, while waiting, of the last. */
  readonly startedAt?: number;
  readonly lastHeartbeatAt?: number;
  /** When the next attempt is due. Absent if it is already due. */
  readonly nextAttemptAt?: number;
  /** Worker of the current attempt or, while waiting, of the last. */
  readonly worker?: string;
  readonly lastFailure?: AttemptFailure;
}

/** Why an attempt ended without an outcome. */
export interface AttemptFailure {
  readonly code: ErrorCode | 'BodyThrew' | 'HeartbeatTimeout';
  readonly message: string;
}

/** The workers that poll a task queue and can get the work; with Temporal's worker versioning, only those of one build. */
export interface QueuePollers {
  /** Identities of the workers that polled in the last 70 s and have not announced their stop since. */
  readonly alive: readonly string[];
  /** When one of them last polled, within the last five minutes. */
  readonly lastPollAt?: number;
  /**
   * Set if only workers of other builds are alive. For people: the subject "no worker of the wanted build", without a verb, and which
   * builds there are.
   */
  readonly builds?: { readonly wanted: string; readonly others: string };
}

/** What the server has of the next workflow task of a run or of a child run. */
export interface WorkflowTaskFacts {
  readonly taskQueue: string;
  /** Whether an operator has paused the run in Temporal. */
  readonly isPaused: boolean;
  /** Absent if the workflow has nothing to do. */
  readonly task?: {
    readonly attempt: number;
    /** Whether a worker has taken it. */
    readonly isStarted: boolean;
    /** When it was scheduled at first. */
    readonly since?: number;
    /** When this attempt was. */
    readonly scheduledAt?: number;
    /** Who polls for the task, if no worker has taken it and the server can tell. */
    readonly pollers?: QueuePollers | undefined;
    /** How the last attempt went, if that was read: see {@link mayHaveFailed}. */
    readonly last?: {
      readonly failure?: { readonly message: string; readonly type?: string };
      readonly worker?: string;
    };
  };
}

/** The facts about a run that no worker has begun. */
export interface UnbegunFacts {
  readonly workflowTask: WorkflowTaskFacts;
  readonly activities: readonly PendingActivity[];
  /** The pollers of the task queues in which something is due, where the server can tell. */
  readonly pollers: ReadonlyMap<string, QueuePollers | undefined>;
  readonly now: number;
}

/** The child run of a map, or of a slow knot. */
export interface ChildFacts {
  /** The activities of the child run, and of its parts if it has some. */
  readonly activities: readonly PendingActivity[];
  /** Its own next step, then those of its parts. */
  readonly workflowTasks: readonly WorkflowTaskFacts[];
}

/** The facts about an unfinished run. No worker needs to answer for them. */
export interface RunFacts extends UnbegunFacts {
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
  readonly children?: ReadonlyMap<string, ChildFacts>;
  /** Whether the run dispatches nothing more until it goes on with a new history. */
  readonly isHistoryFull: boolean;
}
