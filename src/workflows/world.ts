import type {
  ActivityOptions,
  CancellationScope,
  ChildWorkflowOptions,
  LocalActivityOptions,
  WorkflowInfo,
} from '@temporalio/workflow';

/**
 * The world of a workflow, as the interpreter and the child runs use it: what they ask for, what they are told, and when. Temporal is one
 * such world.
 *
 * W1  Answers of activities, timers and child workflows, and messages, come one after the other, on replay in the same order. All that one
 *     workflow task brings is there before a promise of the task continues.
 * W2  No member adds a promise to those of Temporal: how many stand between an answer and the next command is part of what a replay notices.
 * W3  Commands are sent at the end of the task. Until they are recorded, a worker that dies does the task again.
 * W4  A cancel rejects what was begun in its scope, and a cancelled scope begins nothing. What is shielded goes on.
 * W5  An error that is no failure of Temporal's, and that nobody catches, fails the task, which is tried again with the same history.
 */
export interface World extends ChildWorld {
  facts(): Facts;
  /** When the workflow task began, in milliseconds since the epoch. Equal on replay. */
  now(): number;
  /** A timer, which is recorded. */
  sleep(ms: number): Promise<void>;
  /** Resolves as the condition comes true. Nothing of it is recorded. */
  until(condition: () => boolean): Promise<void>;
  /** @param answer is asked at any time, and changes nothing */
  answerQuery(name: string, description: string, answer: () => unknown): void;
  takeUpdate<Request>(name: string, update: UpdateHandler<Request>): void;
  /** Hears signals that nothing else does. */
  hearOtherSignals(hear: (name: string, payload: unknown) => Promise<void>): void;
  /** Whether no update is being answered, and no signal is being heard. */
  haveHandlersEnded(): boolean;
  scope(): Scope;
  /** A scope of its own, which can be cancelled without the run. */
  cancellable<T>(work: () => Promise<T>): Promise<T>;
  /** Tells people how the run stands. Not recorded. */
  show(markdown: string): void;
  /** Says nothing on replay. */
  warn(message: string, fields: Record<string, unknown>): void;
}

/** What child runs use of it. */
export interface ChildWorld {
  /** Equal on replay. */
  facts(): ChildFacts;
  isReplaying(): boolean;
  /** Schedules an activity. Rejects with an `ActivityFailure`. */
  call<T>(activity: string, options: ActivityOptions, task: object): Promise<T>;
  /** Has the worker of this workflow task do it: only the result is recorded. Rejects with the failure itself. */
  callHere<T>(activity: string, options: LocalActivityOptions, task: object): Promise<T>;
  /** Resolves when the child workflow has started. */
  startChild(type: string, options: ChildOptions): Promise<StartedChild>;
  /** A workflow by its id: its present execution, or the one of that run id. What is asked of it rejects if it is not there. */
  workflow(id: string, runId?: string): OtherWorkflow;
  /** Ends this execution; the next one begins with these arguments. It does not end while a signal is unheard. */
  continueAsNew(...args: unknown[]): Promise<never>;
  hearSignal(name: string, description: string, hear: (payload: unknown) => void): void;
  /** The one that is worked in, which a cancel of the workflow reaches. */
  scope(): Pick<Scope, 'consideredCancelled'>;
  /** The cancel of a scope around it does not reach what is begun here. */
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
  /** Rejects with a `ChildWorkflowFailure`. */
  result(): Promise<unknown>;
}

export interface OtherWorkflow {
  signal(name: string, ...args: unknown[]): Promise<void>;
  cancel(): Promise<void>;
}

export interface UpdateHandler<Request> {
  readonly description: string;
  /** Throws what the update is refused with: nothing is recorded of it then. Not called on replay, so it changes nothing. */
  validate(request: Request): void;
  take(request: Request): Promise<unknown>;
  /** The workflow may end before it is answered. */
  readonly mayBeAbandoned?: true;
}
