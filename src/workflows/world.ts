import type {
  ActivityOptions,
  CancellationScope,
  ChildWorkflowOptions,
  LocalActivityOptions,
  WorkflowInfo,
} from '@temporalio/workflow';

/**
 * The world of a workflow, as the interpreter and child runs use it. Temporal is one such world.
 *
 * W1  Answers of activities, timers and child workflows, and messages, come one after the other, on replay in the same
 *     order. All arrivals of one workflow task are there before a promise of the task continues.
 * W2  No member of the world adds a promise to those of Temporal: a replay notices how many are between an answer and a
 *     command.
 * W3  Commands are sent at the end of the task. If a worker dies before commands are recorded, the task is done again.
 * W4  A cancel rejects everything that was begun in its scope, and a cancelled scope begins nothing. Shielded work
 *     continues.
 * W5  An uncaught error that is not a failure of Temporal's fails the task, which is retried with the same history.
 */
export interface World extends ChildWorld {
  facts(): Facts;
  /** Beginning of the workflow task, in milliseconds since the epoch. Equal on replay. */
  now(): number;
  /** A recorded timer. */
  sleep(ms: number): Promise<void>;
  /** Resolves as the condition comes true. Not recorded. */
  until(condition: () => boolean): Promise<void>;
  /** `answer` is called at any time, and changes nothing. */
  answerQuery(name: string, description: string, answer: () => unknown): void;
  takeUpdate<Request>(name: string, update: UpdateHandler<Request>): void;
  /** Receives signals without another handler. */
  hearOtherSignals(hear: (name: string, payload: unknown) => Promise<void>): void;
  /** Whether no update is being answered and no signal handled. */
  haveHandlersEnded(): boolean;
  scope(): Scope;
  /** A scope that can be cancelled without the run. */
  cancellable<T>(work: () => Promise<T>): Promise<T>;
  /** Shows the run's state to people. Not recorded. */
  show(markdown: string): void;
  /** Silent on replay. */
  warn(message: string, fields: Record<string, unknown>): void;
}

/** The part of the world that child runs use. */
export interface ChildWorld {
  /** Equal on replay. */
  facts(): ChildFacts;
  isReplaying(): boolean;
  /** Schedules an activity; rejects with an `ActivityFailure`. */
  call<T>(activity: string, options: ActivityOptions, task: object): Promise<T>;
  /** The worker of this workflow task runs it, and only the result is recorded. Rejects with the failure itself. */
  callHere<T>(activity: string, options: LocalActivityOptions, task: object): Promise<T>;
  /** Resolves when the child workflow has started. */
  startChild(type: string, options: ChildOptions): Promise<StartedChild>;
  /** The current execution of a workflow id, or its execution `runId`. Requests reject if the workflow is missing. */
  workflow(id: string, runId?: string): OtherWorkflow;
  /** The next execution begins with these arguments. The present execution does not end while a signal is unheard. */
  continueAsNew(...args: unknown[]): Promise<never>;
  hearSignal(name: string, description: string, hear: (payload: unknown) => void): void;
  /** The current scope, which a cancel of the workflow reaches. */
  scope(): Pick<Scope, 'consideredCancelled'>;
  /** Cancels of enclosing scopes do not reach this work. */
  shielded<T>(work: () => Promise<T>): Promise<T>;
}

export type { ActivityOptions };

type ChildFacts = Pick<
  WorkflowInfo,
  'continueAsNewSuggested' | 'firstExecutionRunId' | 'historyLength' | 'historySize' | 'workflowId'
>;

export type Facts = ChildFacts & Pick<WorkflowInfo, 'memo' | 'runId' | 'searchAttributes' | 'workflowType'>;

export type Scope = Pick<CancellationScope, 'cancel' | 'cancelRequested' | 'consideredCancelled' | 'run'>;

export type ChildOptions = ChildWorkflowOptions & { readonly args: unknown[] };

export interface StartedChild {
  readonly workflowId: string;
  readonly firstExecutionRunId: string;
  /** The child's result; rejects with a `ChildWorkflowFailure`. */
  result(): Promise<unknown>;
}

export interface OtherWorkflow {
  signal(name: string, ...args: unknown[]): Promise<void>;
  cancel(): Promise<void>;
}

export interface UpdateHandler<Request> {
  readonly description: string;
  /** Throws to refuse the update, which is then not recorded. Replays do not validate, so this changes nothing. */
  validate(request: Request): void;
  take(request: Request): Promise<unknown>;
  /** The workflow may end before the update is answered. */
  readonly mayBeAbandoned?: true;
}
