import { childRunId } from './child-run-id';
import { isNotFound } from './knot-run';
import {
  KNOT_ENDED_SIGNAL,
  STILL_THERE_SIGNAL,
  childWorkflowType,
  type ChildEnd,
  type ChildMemo,
  type ChildTask,
} from './messages';
import type { RunLimits } from './run-limits';
import { startChildRun } from './start-child-run';
import type { OtherWorkflow, World } from './world';

/** Child runs asked per check, as each costs two events. */
const ASKED_PER_CHECK = 20;

/** Of the first three methods, at most one is called per knot. `Knot`: an id, or an index in the layout. */
export interface ChildRunsListener<Knot> {
  ended(knot: Knot, end: ChildEnd): void;
  /** The child run ended without a message: terminated, or failed for another reason than its knot. */
  lost(knot: Knot): void;
  /** The child run ended without a message, before the requested cancel reached it. */
  cancelled(knot: Knot): void;
  /** The child run has started, so its run may now continue as new. */
  away(knot: Knot): void;
  /** The check of child runs added events to the history without settling a knot. */
  checked(): void;
  fatal(error: unknown): void;
  /** Whether this child run may itself continue as new, so that its Temporal run id may change. */
  mayContinue(knot: Knot): boolean;
}

/**
 * The child runs of a run's knots, seen from the run. A child run outlives the execution that started it; the next
 * execution needs only its Temporal run id.
 *
 * K1  A message counts only if it names a known child run by its Temporal run id. So repeated signals, signals of other
 *     runs with our id, and signals made up by an operator change nothing.
 * K2  A child run reports before it ends. Once the server says that a child run has ended, its message has arrived or
 *     never will.
 * K3  For the server, child runs are abandoned when their run ends: it counts continue-as-new as an end and would
 *     terminate them. The run passes on a cancel itself. After a terminate, the process that settles the records ends
 *     child runs.
 */
export class ChildRuns {
  private readonly known = new Map<string, string>();
  /** Knots whose child runs earlier executions started. Only a signal tells the end of such a child run. */
  private adopted: string[] = [];
  private readonly starting = new Set<string>();
  /** Signals from child runs that are not known yet, or received while closed. */
  private waiting: ChildEnd[] = [];
  private listener: ChildRunsListener<string> | undefined;
  private isOpen = false;
  private isCancelled = false;

  /** Construct this object before the workflow's first await, or a signal could have no handler. */
  constructor(private readonly world: World) {
    const what = 'What came of the knot of a child run';
    world.hearSignal(KNOT_ENDED_SIGNAL, what, (end) => this.hear(end));
  }

  /**
   * `carried` are knots of earlier executions with their child runs' Temporal run ids. `deliver` hands out
   * `unheard`, the messages since the last execution was closed.
   */
  open(
    limits: RunLimits,
    listener: ChildRunsListener<string>,
    carried: readonly (readonly [knot: string, child: string])[],
    unheard: readonly ChildEnd[],
  ): void {
    this.listener = listener;
    this.isOpen = true;
    for (const [knot, child] of carried) this.known.set(knot, child);
    this.adopted = carried.map(([knot]) => knot);
    this.waiting.unshift(...unheard);
    if (carried.length > 0) this.ask(limits).catch((error: unknown) => listener.fatal(error));
  }

  /** Delivers messages that arrived before there was a listener. */
  deliver(): void {
    for (const end of this.waiting.splice(0)) this.hear(end);
  }

  /** From `close` on, the state for the next execution is fixed, and holds later messages. */
  close(): void {
    this.isOpen = false;
  }

  get unheard(): readonly ChildEnd[] {
    return this.waiting;
  }

  /** Knots with child runs, in the order in which these were started. */
  get away(): readonly (readonly [knot: string, child: string])[] {
    return [...this.known];
  }

  get size(): number {
    return this.known.size;
  }

  start(task: ChildTask): void {
    this.starting.add(task.knot);
    this.world.shielded(() => this.follow(task)).catch((error: unknown) => this.listener!.fatal(error));
  }

  /**
   * Cancels all child runs, also those being started; the host waits for their grace. As no execution follows, messages
   * are handled again after `close`.
   */
  cancel(): void {
    this.isCancelled = true;
    this.isOpen = true;
    this.deliver();
    for (const [knot, child] of this.known) this.cancelOne(knot, child);
  }

  forget(knot: string): void {
    this.known.delete(knot);
  }

  private async follow(task: ChildTask): Promise<void> {
    const { knot } = task;
    const memo: ChildMemo = { temporalRunId: task.task.temporalRunId };
    const handle = await startChildRun(this.world, childWorkflowType(task.node), memo, {
      workflowId: childRunId(task.task.runId, knot),
      args: [task],
      parentClosePolicy: 'ABANDON',
      ...(task.call.summary && { staticSummary: task.call.summary }),
    });
    const child = handle.firstExecutionRunId;
    this.starting.delete(knot);
    this.known.set(knot, child);
    this.listener!.away(knot);
    this.deliver();
    if (this.isCancelled && this.known.has(knot)) this.cancelOne(knot, child);
    // The outcome has arrived by signal, if the child run could send one.
    await handle.result().catch(() => undefined);
    this.missing(knot, child);
  }

  private hear(end: unknown): void {
    if (!isChildEnd(end)) return;
    if (!this.isOpen || this.starting.has(end.knot)) {
      this.waiting.push(end);
    } else if (this.known.get(end.knot) === end.temporalRunId) {
      this.known.delete(end.knot);
      this.listener!.ended(end.knot, end);
    }
  }

  private missing(knot: string, child: string): void {
    // After `close`, the next execution finds out about the child run.
    if (!this.isOpen || this.known.get(knot) !== child) return;
    this.known.delete(knot);
    this.listener!.lost(knot);
  }

  private cancelOne(knot: string, child: string): void {
    const handle = this.handleOf(knot, child);
    this.world
      .shielded(() => handle.cancel())
      .catch(() => {
        if (this.known.get(knot) !== child) return;
        this.known.delete(knot);
        this.listener!.cancelled(knot);
      });
  }

  /** Checks child runs of earlier executions, whose end the server does not report to this execution. */
  private async ask({ firstCheckMs, longestCheckMs }: RunLimits): Promise<void> {
    for (let wait = firstCheckMs; ; wait = Math.min(2 * wait, longestCheckMs)) {
      await this.world.shielded(() => this.world.sleep(wait));
      this.adopted = this.adopted.filter((knot) => this.known.has(knot));
      if (this.adopted.length === 0) return;
      const asked = this.adopted.splice(0, ASKED_PER_CHECK);
      this.adopted.push(...asked);
      await Promise.all(asked.map((knot) => this.askOne(knot, this.known.get(knot)!)));
      this.listener!.checked();
    }
  }

  private async askOne(knot: string, child: string): Promise<void> {
    try {
      const handle = this.handleOf(knot, child);
      await this.world.shielded(() => handle.signal(STILL_THERE_SIGNAL));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.missing(knot, child);
    }
  }

  /** The address has no Temporal run id if the child run may continue as new: no other run has its id meanwhile. */
  private handleOf(knot: string, child: string): OtherWorkflow {
    const id = childRunId(this.world.facts().workflowId, knot);
    return this.world.workflow(id, this.listener!.mayContinue(knot) ? undefined : child);
  }
}

function isChildEnd(said: unknown): said is ChildEnd {
  if (typeof said !== 'object' || said === null) return false;
  const { knot, temporalRunId: child, kind } = said as Partial<ChildEnd>;
  return typeof knot === 'string' && typeof child === 'string' && typeof kind === 'string';
}
