import { nestedRunId, type Layout } from '../engine';
import type { NodeKind } from '../model';
import { activityIdOf } from '../workflows/activity-id';
import { SEGMENT_ACTIVITY, type OpenWait } from '../workflows/messages';
import { RUNNING_KNOTS } from '../engine';
import type { PendingActivity } from './pending-activity';
import type { QueuePollers } from './pollers';
import type { Waiting, WaitingCode, WaitingKnot, WaitingState, WaitingStep } from './waiting';

const LISTED_KNOTS = 100;
const NAMED_PARENTS = 5;
/** A worker with a free slot takes what is put into its queue at once. */
const UNTAKEN_MS = 5_000;
/** Workers send heartbeats every 5 s; after 30 s without one the server takes them for lost. */
const SILENT_MS = 15_000;

/** What is known of a run that is not over; no worker needs to answer for it. */
export interface RunSituation {
  readonly layout: Layout;
  /** Whether the knots that have an outcome are Ok, by id: those on record and, where a worker answers, those that failed without one. */
  readonly outcomes: ReadonlyMap<string, boolean>;
  /** Of a run that was reset: what is on record of the execution before, which may have gone on after the point of the reset. */
  readonly outcomesBefore?: ReadonlyMap<string, boolean>;
  readonly activities: readonly PendingActivity[];
  /** The members of the running segments, where a worker has said them. Default: the local knots that can be in one. */
  readonly segments?: readonly (readonly string[])[];
  /** Knots that wait for a signal or a time, where a worker has said them. */
  readonly waits?: readonly OpenWait[];
  /** Child runs that have not ended, by the id of the knot that runs in them. */
  readonly childRuns: ReadonlyMap<string, string>;
  /** Who polls the task queues in which something is due. */
  readonly pollers: ReadonlyMap<string, QueuePollers>;
  readonly step?: WaitingStep;
  /** Whether the run dispatches nothing more into its present history. */
  readonly isHistoryFull: boolean;
  readonly now: number;
}

/**
 * Says for each unfinished knot of a run why it has not ended.
 *
 * W1  What is on record is finished, also before its parents: a resumed run takes over outcomes. What is on record of before a
 *     reset is so only if it does not run again, nor any parent of it.
 * W2  What became of a knot without a record follows from its parents: if one of them is not Ok, it is skipped.
 * W3  A ready local knot is in a running segment: segments take all that is ready, unless the run holds back.
 */
export function whyWaiting(situation: RunSituation): Omit<Waiting, 'begun'> {
  const { layout, step } = situation;
  const knots = new UnfinishedKnots(situation);
  const reasons: Partial<Record<WaitingCode, number>> = {};
  const found: { readonly index: number; readonly knot: WaitingKnot }[] = [];
  for (const index of knots.indexes) {
    const knot = knots.reasonOf(index);
    found.push({ index, knot });
    reasons[knot.reason.code] = (reasons[knot.reason.code] ?? 0) + 1;
  }
  const weights = knots.weights();
  found.sort(
    (a, b) => urgency(a.knot) - urgency(b.knot) || weights[b.index]! - weights[a.index]! || a.index - b.index,
  );
  return {
    ...(step && { step }),
    total: layout.size,
    unfinished: found.length,
    reasons,
    knots: found.slice(0, LISTED_KNOTS).map(({ knot }) => knot),
  };
}

/** The state of the pending activities that an idle worker would take at once: their queues are worth a look. */
export function dueQueues(activities: readonly PendingActivity[], now: number): readonly string[] {
  return [
    ...new Set(activities.filter((activity) => isDue(activity, now)).map(({ taskQueue }) => taskQueue)),
  ];
}

function isDue({ state, nextAttemptAt }: PendingActivity, now: number): boolean {
  return state === 'scheduled' && (nextAttemptAt === undefined || nextAttemptAt <= now);
}

function urgency({ state, reason }: WaitingKnot): number {
  if (state === 'retrying' || state === 'paused' || reason.code === 'NoWorker') return 0;
  if (state === 'running' || state === 'queued') return 1;
  if (state === 'waiting') return 2;
  return state === 'held' ? 3 : 4;
}

const FINISHED_OK = 1;
const FINISHED_NOT_OK = 2;

class UnfinishedKnots {
  /** In the order of the layout. */
  readonly indexes: number[] = [];
  /** 0 of an unfinished knot. */
  private readonly states: Uint8Array;
  private readonly own = new Map<string, PendingActivity>();
  private readonly segmentActivities: PendingActivity[] = [];
  /** The activity of the segment that a knot is in. */
  private readonly segmentOf = new Map<number, PendingActivity>();

  constructor(private readonly situation: RunSituation) {
    const { layout, activities } = situation;
    this.states = new Uint8Array(layout.size);
    for (const activity of activities) {
      if (activity.type === SEGMENT_ACTIVITY) this.segmentActivities.push(activity);
      else this.own.set(activity.id, activity);
    }
    for (let index = 0; index < layout.size; index++) {
      this.states[index] = this.finished(index);
      if (this.states[index] === 0) this.indexes.push(index);
    }
    this.findSegments();
  }

  reasonOf(index: number): WaitingKnot {
    const { layout, childRuns } = this.situation;
    const knotId = layout.ids[index]!;
    const activity = this.own.get(activityIdOf(knotId));
    if (activity) return { knotId, ...this.reasonOfActivity(activity) };
    const childRun = childRuns.get(knotId);
    if (childRun !== undefined) {
      const { node } = layout.policies[layout.policy[index]!]!;
      const reason = { code: 'ChildRun', message: childRunMessage(childRun, node) } as const;
      return { knotId, state: 'running', reason, childRun };
    }
    const parents = this.unfinishedParents(index);
    if (parents.length > 0) {
      const named = parents.slice(0, NAMED_PARENTS).map((parent) => layout.ids[parent]!);
      const more = parents.length - named.length;
      const message = `waits for ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
      const reason = { code: 'Parents', message } as const;
      return { knotId, state: 'blocked', reason, parents: named, unfinishedParents: parents.length };
    }
    const waits = this.reasonToWait(index, knotId);
    if (waits) return waits;
    const segment = this.segmentOf.get(index);
    return { knotId, ...(segment ? this.reasonOfSegment(segment) : this.reasonToHold()) };
  }

  /** Of a knot that waits for a signal or a time; without a worker, only what is constant of it is known. */
  private reasonToWait(index: number, knotId: string): WaitingKnot | undefined {
    const { layout, waits } = this.situation;
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

  /** By index, how much a knot holds up: roughly the number of unfinished knots that cannot go on without it. */
  weights(): Float64Array {
    const weights = new Float64Array(this.situation.layout.size);
    for (const index of [...this.indexes].reverse()) {
      for (const parent of this.unfinishedParents(index)) {
        // What is reached on several ways counts several times, but never for more than all.
        weights[parent] = Math.min(this.indexes.length, weights[parent]! + weights[index]! + 1);
      }
    }
    return weights;
  }

  private finished(index: number): number {
    const { layout, outcomes, outcomesBefore } = this.situation;
    if (index < layout.parameterCount) return FINISHED_OK;
    const id = layout.ids[index]!;
    const isOk = outcomes.get(id);
    if (isOk !== undefined) return isOk ? FINISHED_OK : FINISHED_NOT_OK;
    if (this.own.has(activityIdOf(id)) || this.unfinishedParents(index).length > 0) return 0;
    const wasOk = outcomesBefore?.get(id);
    if (wasOk !== undefined) return wasOk ? FINISHED_OK : FINISHED_NOT_OK;
    // One that receives outcomes runs all the same; any other is settled by its parents.
    const { errorPolicy } = layout.policies[layout.policy[index]!]!;
    return errorPolicy !== 'receiveErrors' &&
      this.parentsOf(index).some((parent) => this.states[parent] === FINISHED_NOT_OK)
      ? FINISHED_NOT_OK
      : 0;
  }

  private parentsOf(index: number): Uint32Array {
    const { parents, parentStart } = this.situation.layout;
    return parents.subarray(parentStart[index], parentStart[index + 1]);
  }

  private unfinishedParents(index: number): number[] {
    return [...this.parentsOf(index)].filter((parent) => this.states[parent] === 0);
  }

  private findSegments(): void {
    const { layout, segments } = this.situation;
    const [first] = this.segmentActivities;
    if (!first) return;
    const byFirstKnot = new Map(
      this.segmentActivities.map((activity) => [activity.id.split(':').slice(2).join(':'), activity]),
    );
    if (segments) {
      const members = new Map(segments.flatMap((ids) => ids.map((id) => [id, ids[0]!] as const)));
      for (const index of this.indexes) {
        const firstKnot = members.get(layout.ids[index]!);
        if (firstKnot !== undefined) this.segmentOf.set(index, byFirstKnot.get(firstKnot) ?? first);
      }
      return;
    }
    for (const index of this.indexes) {
      const isLocal = layout.policies[layout.policy[index]!]!.local === true;
      const id = layout.ids[index]!;
      const parents = this.unfinishedParents(index);
      if (
        !isLocal ||
        this.own.has(activityIdOf(id)) ||
        !parents.every((parent) => this.segmentOf.has(parent))
      )
        continue;
      const [parent] = parents;
      const inherited = parent === undefined ? undefined : this.segmentOf.get(parent);
      this.segmentOf.set(index, byFirstKnot.get(id) ?? inherited ?? first);
    }
  }

  private reasonOfSegment(segment: PendingActivity): Omit<WaitingKnot, 'knotId'> {
    const waiting = this.reasonOfActivity(segment);
    const { code, message } = waiting.reason;
    if (code === 'Running') {
      return { ...waiting, reason: { code: 'Segment', message: `in a segment that ${message}` } };
    }
    return { ...waiting, reason: { code, message: `in a segment: ${message}` } };
  }

  private reasonOfActivity(activity: PendingActivity): Omit<WaitingKnot, 'knotId'> {
    const { attempt, taskQueue, worker, startedAt, scheduledAt, lastFailure } = activity;
    const common = { attempt, taskQueue, ...(worker !== undefined && { worker }) };
    const since = (time: number | undefined): { since?: number } =>
      time === undefined ? {} : { since: time };
    switch (activity.state) {
      case 'paused':
        return {
          state: 'paused',
          reason: { code: 'Paused', message: 'an operator has paused it in Temporal' },
          ...common,
        };
      case 'cancelling':
        return {
          state: 'running',
          reason: { code: 'Cancelling', message: `is asked to end, on worker ${worker}` },
          ...common,
          ...since(startedAt),
        };
      case 'started': {
        const beat = lastBeat(activity);
        return {
          state: 'running',
          reason: { code: 'Running', message: this.runningMessage(activity) },
          ...common,
          ...since(startedAt),
          ...(beat !== undefined && { lastHeartbeatAt: beat }),
        };
      }
      case 'scheduled': {
        const pollers = this.situation.pollers.get(taskQueue);
        const nobody = isDue(activity, this.situation.now) && this.nobodyTakes(activity, pollers);
        const polled = pollers?.lastPollAt === undefined ? {} : { lastPollAt: pollers.lastPollAt };
        if (nobody)
          return {
            state: 'queued',
            reason: { code: 'NoWorker', message: nobody },
            ...common,
            ...since(scheduledAt),
            ...polled,
          };
        if (lastFailure) {
          const nextAttemptAt = activity.nextAttemptAt ?? scheduledAt;
          const { code, message } = lastFailure;
          const isLimited = code === 'LimitReached' || code === 'ValueInMaking';
          return {
            // Nothing is wrong with it.
            state: isLimited ? 'queued' : 'retrying',
            reason: isLimited ? { code, message: message.replace(/^Knot ".*?" |\.$/g, '') } : lastFailure,
            ...common,
            ...(nextAttemptAt !== undefined && { nextAttemptAt }),
          };
        }
        return {
          state: 'queued',
          reason: { code: 'Queued', message: `waits for a free worker of task queue "${taskQueue}"` },
          ...common,
          ...since(scheduledAt),
          ...polled,
        };
      }
    }
  }

  private runningMessage(activity: PendingActivity): string {
    const { worker, attempt, lastFailure, startedAt } = activity;
    const heard = lastBeat(activity) ?? startedAt;
    const isSilent = heard !== undefined && this.situation.now - heard > SILENT_MS;
    return (
      `runs on worker ${worker}` +
      (isSilent ? ', which has not been heard of lately and may be gone' : '') +
      (attempt > 1 && lastFailure ? `; the attempt before: ${lastFailure.message}` : '')
    );
  }

  /** Why a due activity has no worker; undefined where one may take it at any moment. */
  private nobodyTakes(
    { taskQueue, scheduledAt }: PendingActivity,
    pollers: QueuePollers | undefined,
  ): string | undefined {
    return nobodyTakes(taskQueue, scheduledAt, pollers, this.situation.now);
  }

  private reasonToHold(): Omit<WaitingKnot, 'knotId'> {
    const { step, activities, isHistoryFull } = this.situation;
    const held = (code: WaitingCode, message: string): Omit<WaitingKnot, 'knotId'> => {
      const state: WaitingState = 'held';
      return { state, reason: { code, message } };
    };
    if (step) return held('NextStep', `goes out with the run's next step: ${step.message}`);
    if (isHistoryFull) {
      return held(
        'HistoryFull',
        'goes out when what is in flight has ended: the history is full, and the run goes on with a new one',
      );
    }
    if (activities.length >= RUNNING_KNOTS)
      return held('Window', `goes out when one of the ${activities.length} activities in flight has ended`);
    return held('NextStep', "goes out with the run's next step");
  }
}

/**
 * Why work that was put into a task queue has no worker; undefined where one may take it at any moment. The workers that do not
 * ask for more because they are busy cannot be told from those that are gone.
 */
export function nobodyTakes(
  taskQueue: string,
  scheduledAt: number | undefined,
  pollers: QueuePollers | undefined,
  now: number,
): string | undefined {
  if (!pollers) return undefined;
  if (pollers.alive.length === 0) return `no worker polls task queue "${taskQueue}"`;
  const isUntaken =
    scheduledAt !== undefined && now - scheduledAt > UNTAKEN_MS && (pollers.lastPollAt ?? 0) < scheduledAt;
  return isUntaken
    ? `no worker asks task queue "${taskQueue}" for work: those that did are busy or gone`
    : undefined;
}

/** Names the run that has records of its own, where there is one: that may be asked in turn. */
function childRunMessage(childRun: string, node: NodeKind | undefined): string {
  if (node === 'subTapestry') return `runs as the run ${nestedRunId(childRun, 1)}`;
  if (node === 'loop')
    return `runs one iteration after the other, as the runs ${nestedRunId(childRun, 1)} and so on`;
  return `runs in the child run ${childRun}`;
}

/** Of the present attempt. */
function lastBeat({ lastHeartbeatAt, startedAt = 0 }: PendingActivity): number | undefined {
  return lastHeartbeatAt !== undefined && lastHeartbeatAt > startedAt ? lastHeartbeatAt : undefined;
}
