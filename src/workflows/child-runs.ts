import {
  CancellationScope,
  ParentClosePolicy,
  defineSignal,
  getExternalWorkflowHandle,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
  type ExternalWorkflowHandle,
} from '@temporalio/workflow';
import { childRunId } from './child-run-id';
import { isNotFound, type runKnot } from './knot-run';
import {
  KNOT_ENDED_SIGNAL,
  MEMO_KEY,
  STILL_THERE_SIGNAL,
  childWorkflowType,
  type ChildEnd,
  type ChildMemo,
  type ChildTask,
} from './messages';
import type { RunLimits } from './run-limits';

const knotEnded = defineSignal<[unknown]>(KNOT_ENDED_SIGNAL);
const stillThere = defineSignal(STILL_THERE_SIGNAL);

/** Child runs that are asked at one check; each costs two events. */
const ASKED_PER_CHECK = 20;

/** What the host is told. Each of the first three comes at most once for a knot, and only one of them. */
export interface ChildRunsListener {
  ended(knot: string, end: ChildEnd): void;
  /** The child run has ended without a word: it was terminated, or failed for another reason than its knot. */
  lost(knot: string): void;
  /** It has ended before the cancel that was asked for came to it, without a word. */
  cancelled(knot: string): void;
  /** The child run is under way: from now on the run may continue as new. */
  away(knot: string): void;
  /** Events have been added to the history while nothing was settled. */
  checked(): void;
  /** Fails the workflow task. */
  fatal(error: unknown): void;
  /** Whether the child run of this knot may continue as new, so that its Temporal run id is not always that of its present execution. */
  mayContinue(knot: string): boolean;
}

/**
 * The knots of a run that run in child runs, seen from the run. A child run outlives the execution that started it: all that
 * the next execution needs is its Temporal run id.
 *
 * K1  What a signal says counts only if it names a child run that we know by its Temporal run id. So a repeated signal, one of
 *     another run that had our id, or one that an operator made up changes nothing.
 * K2  A child run tells before it ends. So when the server says that it has ended, its word has come before or never comes.
 * K3  The child runs are abandoned by our end, as far as the server is concerned: it counts continue-as-new as an end, and would
 *     terminate them with it. A cancel is passed on by us, and what a terminate leaves behind is ended by the client that
 *     brings the records in order.
 */
export class ChildRuns {
  /** The Temporal run ids of child runs under way, by knot. */
  private readonly known = new Map<string, string>();
  /** Knots of earlier executions, whose end only a signal tells. */
  private adopted: string[] = [];
  private readonly starting = new Set<string>();
  /** Signals that nobody can take yet: of child runs that we do not know yet, or while closed. */
  private waiting: ChildEnd[] = [];
  private listener: ChildRunsListener | undefined;
  private isOpen = false;
  private isCancelled = false;

  /** Must be made before the workflow's first await, or a signal could be taken for one without a handler. */
  constructor() {
    setHandler(knotEnded, (end) => this.hear(end), { description: 'What came of the knot of a child run' });
  }

  /**
   * @param carried knots and Temporal run ids of the child runs of earlier executions
   * @param unheard what these said to the last one when it was closed; given out by `deliver`
   */
  open(
    limits: RunLimits,
    listener: ChildRunsListener,
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

  /** Gives out what was said before anybody could take it. */
  deliver(): void {
    for (const end of this.waiting.splice(0)) this.hear(end);
  }

  /** The listener is told nothing more: the state that goes to the next execution is made up, and what comes now goes with it. */
  close(): void {
    this.isOpen = false;
  }

  /** What was said since `close`. */
  get unheard(): readonly ChildEnd[] {
    return this.waiting;
  }

  /** Knots that are away, in the order in which their child runs were started. */
  get away(): readonly (readonly [knot: string, child: string])[] {
    return [...this.known];
  }

  get size(): number {
    return this.known.size;
  }

  start(task: ChildTask): void {
    this.starting.add(task.knot);
    CancellationScope.nonCancellable(() => this.follow(task)).catch((error: unknown) =>
      this.listener!.fatal(error),
    );
  }

  /**
   * Asks all child runs to cancel their knots, also those that are being started. Their grace is for the host to wait, and
   * there is no next execution: what was closed is open again.
   */
  cancel(): void {
    this.isCancelled = true;
    this.isOpen = true;
    this.deliver();
    for (const [knot, child] of this.known) this.cancelOne(knot, child);
  }

  /** Nothing more is expected of it. */
  forget(knot: string): void {
    this.known.delete(knot);
  }

  private async follow(task: ChildTask): Promise<void> {
    const { knot } = task;
    const memo: ChildMemo = { run: task.task.run };
    const handle = await startChild<typeof runKnot>(childWorkflowType(task.node), {
      workflowId: childRunId(task.task.runId, knot),
      args: [task],
      memo: { [MEMO_KEY]: memo },
      parentClosePolicy: ParentClosePolicy.ABANDON,
      // Whoever has the id was left behind by a run that was terminated or reset.
      workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
      ...(task.call.summary && { staticSummary: task.call.summary }),
    });
    const child = handle.firstExecutionRunId;
    this.starting.delete(knot);
    this.known.set(knot, child);
    this.listener!.away(knot);
    this.deliver();
    if (this.isCancelled && this.known.has(knot)) this.cancelOne(knot, child);
    // How it ended has come by signal, if it could tell.
    await handle.result().catch(() => undefined);
    this.missing(knot, child);
  }

  private hear(end: unknown): void {
    if (!isChildEnd(end)) return;
    if (!this.isOpen || this.starting.has(end.knot)) {
      this.waiting.push(end);
    } else if (this.known.get(end.knot) === end.child) {
      this.known.delete(end.knot);
      this.listener!.ended(end.knot, end);
    }
  }

  private missing(knot: string, child: string): void {
    // While closed, the next execution finds out for itself.
    if (!this.isOpen || this.known.get(knot) !== child) return;
    this.known.delete(knot);
    this.listener!.lost(knot);
  }

  private cancelOne(knot: string, child: string): void {
    const handle = this.handleOf(knot, child);
    CancellationScope.nonCancellable(() => handle.cancel()).catch(() => {
      if (this.known.get(knot) !== child) return;
      this.known.delete(knot);
      this.listener!.cancelled(knot);
    });
  }

  /** Asks child runs of earlier executions, whose end the server does not tell this one, whether they are still there. */
  private async ask({ firstCheckMs, longestCheckMs }: RunLimits): Promise<void> {
    for (let wait = firstCheckMs; ; wait = Math.min(2 * wait, longestCheckMs)) {
      await CancellationScope.nonCancellable(() => sleep(wait));
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
      await CancellationScope.nonCancellable(() => handle.signal(stillThere));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.missing(knot, child);
    }
  }

  /** Of one that may continue as new, whichever execution is there now: nobody else has the id of a child run while its run goes on. */
  private handleOf(knot: string, child: string): ExternalWorkflowHandle {
    const id = childRunId(workflowInfo().workflowId, knot);
    return this.listener!.mayContinue(knot)
      ? getExternalWorkflowHandle(id)
      : getExternalWorkflowHandle(id, child);
  }
}

function isChildEnd(said: unknown): said is ChildEnd {
  if (typeof said !== 'object' || said === null) return false;
  const { knot, child, kind } = said as Partial<ChildEnd>;
  return typeof knot === 'string' && typeof child === 'string' && typeof kind === 'string';
}
