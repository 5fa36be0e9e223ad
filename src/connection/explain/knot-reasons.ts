import { RUNNING_KNOTS, nestedRunId } from '../../plan';
import type { NodeKind } from '../../authoring';
import { BATCH_ACTIVITY, SPLIT_ACTIVITY } from '../../workflows/messages';
import { reasonOfActivity, type Reason } from './activity-reason';
import type { UnfinishedKnots } from './unfinished-knots';
import type { WaitingCode, WaitingKnot, WorkflowTaskState } from './waiting';
import { explainWorkflowTask, taskReason } from './workflow-task';
import type { PendingActivity, RunFacts } from './facts';

const NAMED_PARENTS = 5;

/** Finds a knot's reason in its activity, child run, parents, wait, segment or held-back dispatch, in this order. */
export class KnotReasons {
  constructor(
    private readonly facts: RunFacts,
    private readonly knots: UnfinishedKnots,
    private readonly workflowTask: WorkflowTaskState | undefined = explainWorkflowTask(facts, true),
  ) {}

  reasonOf(index: number): WaitingKnot {
    const { layout, childRuns } = this.facts;
    const knotId = layout.ids[index]!;
    const activity = this.knots.activityOf(index);
    if (activity) return { knotId, ...reasonOfActivity(activity, this.facts) };
    const childRun = childRuns.get(knotId);
    if (childRun !== undefined) return this.reasonOfChildRun(index, knotId, childRun);
    const parents = this.knots.unfinishedParents(index);
    if (parents.length > 0) {
      const named = parents.slice(0, NAMED_PARENTS).map((parent) => layout.ids[parent]!);
      const more = parents.length - named.length;
      const message = `waits for ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
      const reason = { code: 'Parents', message } as const;
      return { knotId, state: 'blocked', reason, parents: named, unfinishedParents: parents.length };
    }
    const waits = this.reasonToWait(index, knotId);
    if (waits) return waits;
    const segment = this.knots.segmentOf(index);
    return { knotId, ...(segment ? this.reasonOfSegment(segment) : this.reasonToHold()) };
  }

  /** Why a child run has not ended: the reason of its first stuck element, if one is stuck. */
  private reasonOfChildRun(index: number, knotId: string, childRunId: string): WaitingKnot {
    const { layout, children } = this.facts;
    const { node } = layout.policies[layout.policy[index]!]!;
    const runs = { code: 'ChildRun', message: childRunMessage(childRunId, node) } as const;
    const plain: WaitingKnot = { knotId, state: 'running', reason: runs, childRunId };
    const child = children?.get(childRunId);
    if (!child) return plain;
    const inFlight = child.activities
      .map((activity) => ({
        knotId: locationOf(activity, knotId),
        ...reasonOfActivity(activity, this.facts),
      }))
      .sort((a, b) => urgency(a) - urgency(b));
    const elements = inFlight.filter((element) => element.knotId !== knotId);
    const told = elements.length === 0 ? {} : { elements, elementReasons: countsOf(elements) };
    const [first] = inFlight;
    if (first && (urgency(first) === 0 || !inFlight.some(({ state }) => state === 'running'))) {
      const { code, message } = first.reason;
      const where = first.knotId === knotId ? message : `${first.knotId}: ${message}`;
      const others = inFlight.filter(({ reason }) => reason.code === code).length - 1;
      const more = others > 0 ? ` (and ${others} more)` : '';
      return { ...first, knotId, reason: { code, message: `${where}${more}` }, childRunId, ...told };
    }
    const workflowTask = child.workflowTasks
      .map((task) => taskReason(task, true, this.facts.now))
      .find((task) => task !== undefined);
    if (workflowTask) {
      const { code, message, since } = workflowTask;
      const isUntaken = code === 'NoWorker';
      return {
        knotId,
        state: isUntaken ? 'queued' : 'pending',
        reason: { code: isUntaken ? code : 'NextWorkflowTask', message },
        since,
        childRunId,
        ...told,
      };
    }
    return { ...plain, ...told };
  }

  /** Why a knot waits for a signal or a time. Without a worker, only constant times are known. */
  private reasonToWait(index: number, knotId: string): WaitingKnot | undefined {
    const { layout, waits } = this.facts;
    const { wait } = layout.policies[layout.policy[index]!]!;
    if (!wait) return undefined;
    const said = waits?.find(({ knot }) => knot === knotId);
    const { signal } = wait;
    const until = said?.until ?? wait.until;
    const named = signal === undefined ? {} : { signal };
    const timed = until === undefined ? {} : { until };
    const what =
      signal === undefined ? 'waits' : `waits for the signal "${signal}"${until === undefined ? '' : ','}`;
    const message = until === undefined ? what : `${what} until ${new Date(until).toISOString()}`;
    const code = signal === undefined ? 'Time' : 'Signal';
    return {
      knotId,
      state: 'waiting',
      reason: { code, message: message === 'waits' ? 'waits for its time' : message },
      ...named,
      ...timed,
    };
  }

  private reasonOfSegment(segment: PendingActivity): Reason {
    const waiting = reasonOfActivity(segment, this.facts);
    const { code, message } = waiting.reason;
    if (code === 'Running') {
      return { ...waiting, reason: { code: 'Segment', message: `in a segment that ${message}` } };
    }
    return { ...waiting, reason: { code, message: `in a segment: ${message}` } };
  }

  private reasonToHold(): Reason {
    const { activities, isHistoryFull } = this.facts;
    const { workflowTask } = this;
    const pending = (code: WaitingCode, message: string): Reason => ({
      state: 'pending',
      reason: { code, message },
    });
    if (workflowTask)
      return pending('NextWorkflowTask', `goes out with the run's next step: ${workflowTask.message}`);
    if (isHistoryFull) {
      return pending(
        'ContinuingAsNew',
        'goes out when what is in flight has ended: the history is full, and the run goes on with a new one',
      );
    }
    if (activities.length >= RUNNING_KNOTS)
      return pending(
        'PendingActivityLimit',
        `goes out when one of the ${activities.length} activities in flight has ended`,
      );
    return pending('NextWorkflowTask', "goes out with the run's next step");
  }
}

/** Names the started run with records of its own, if there is one, so that this run can be asked in turn. */
function childRunMessage(childRun: string, node: NodeKind | undefined): string {
  if (node === 'subTapestry') return `runs as the run ${nestedRunId(childRun, 1)}`;
  if (node === 'loop')
    return `runs one iteration after the other, as the runs ${nestedRunId(childRun, 1)} and so on`;
  return `runs in the child run ${childRun}`;
}

/** Sort order of knots: 0 for stuck ones, more for those that run, wait or are held up. */
export function urgency({ state, reason }: WaitingKnot): number {
  if (state === 'retrying' || state === 'paused' || reason.code === 'NoWorker') return 0;
  if (state === 'running' || state === 'queued') return 1;
  if (state === 'waiting') return 2;
  return state === 'pending' ? 3 : 4;
}

export function countsOf(knots: readonly WaitingKnot[]): Partial<Record<WaitingCode, number>> {
  const counts: Partial<Record<WaitingCode, number>> = {};
  for (const { reason } of knots) counts[reason.code] = (counts[reason.code] ?? 0) + 1;
  return counts;
}

/** The name of an activity's element, of its batch (by its first element), or of the knot itself. */
function locationOf({ id, type }: PendingActivity, knotId: string): string {
  if (type === BATCH_ACTIVITY) return `${knotId}[${id.split(':')[1]}…]`;
  return type === SPLIT_ACTIVITY ? knotId : id;
}
