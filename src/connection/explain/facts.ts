import type { Layout } from '../../plan';
import type { OpenWait } from '../../workflows/messages';
import type { ErrorCode } from '../../errors';

/** An activity that has not ended. Times are milliseconds since the epoch. */
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
  /** When the next attempt is due; absent if it is already due. */
  readonly nextAttemptAt?: number;
  /** Worker of the current attempt or, while waiting, of the last. */
  readonly worker?: string;
  readonly lastFailure?: AttemptFailure;
}

export interface AttemptFailure {
  readonly code: ErrorCode | 'BodyThrew' | 'HeartbeatTimeout';
  readonly message: string;
}

/** Workers that poll a task queue and can get the work; with worker versioning, only those of one build. */
export interface QueuePollers {
  /** Identities of the workers that polled in the last 70 s and have not announced their stop since. */
  readonly alive: readonly string[];
  /** When a worker last polled the queue, within the last five minutes. */
  readonly lastPollAt?: number;
  /** Texts, if only other builds are alive: "no worker of the wanted build", and the others. */
  readonly builds?: { readonly wanted: string; readonly others: string };
}

export interface WorkflowTaskFacts {
  readonly taskQueue: string;
  /** Whether an operator has paused the run in Temporal. */
  readonly isPaused: boolean;
  /** The workflow task; absent if the workflow has nothing to do. */
  readonly task?: {
    readonly attempt: number;
    readonly isStarted: boolean;
    /** When the task's first attempt was scheduled. */
    readonly since?: number;
    /** When the task's current attempt was scheduled. */
    readonly scheduledAt?: number;
    /** Workers that poll for the task, if none has taken it and the server can tell. */
    readonly pollers?: QueuePollers | undefined;
    /** Result of the last attempt, if that was read: see {@link mayHaveFailed}. */
    readonly last?: {
      readonly failure?: { readonly message: string; readonly type?: string };
      readonly worker?: string;
    };
  };
}

export interface UnbegunFacts {
  readonly workflowTask: WorkflowTaskFacts;
  readonly activities: readonly PendingActivity[];
  /** The pollers of the task queues with a due activity, where the server can tell. */
  readonly pollers: ReadonlyMap<string, QueuePollers | undefined>;
  readonly now: number;
}

export interface ChildFacts {
  /** Activities of the child run and of its parts. */
  readonly activities: readonly PendingActivity[];
  /** The workflow task of the child run, then those of its parts. */
  readonly workflowTasks: readonly WorkflowTaskFacts[];
}

/** Facts about an unfinished run, available without a worker. */
export interface RunFacts extends UnbegunFacts {
  readonly layout: Layout;
  /** Whether a knot is Ok: by its record or, if a worker answers, by a failure without a record. */
  readonly outcomes: ReadonlyMap<string, boolean>;
  /** After a reset: recorded outcomes of the earlier execution, maybe beyond the point of the reset. */
  readonly outcomesBefore?: ReadonlyMap<string, boolean>;
  /** Members of the running segments, if a worker told them; default: local knots that can be in a segment. */
  readonly segments?: readonly (readonly string[])[];
  /** Knots that wait for a signal or a time, if a worker told them. */
  readonly waits?: readonly OpenWait[];
  /** Child runs that have not ended, by the id of the knot that runs in them. */
  readonly childRuns: ReadonlyMap<string, string>;
  /** State of the child runs of maps and slow knots, by their own ids, if known. */
  readonly children?: ReadonlyMap<string, ChildFacts>;
  /** Whether the run dispatches nothing until it continues as new. */
  readonly isHistoryFull: boolean;
}
