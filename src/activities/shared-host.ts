import { RETRY_WAIT_MS, type PlanKnot } from '../plan';
import { isBackendTrouble, isOfClass } from '../errors';
import {
  HostLost,
  LocalTrail,
  isElement,
  lostIn,
  type OutcomeToRecord,
  callWith,
  isHostTrouble,
  type KnotHost,
  type KnotTrail,
  type Trail,
  type Throw,
} from '../runtime';
import type { DefinitionRecord } from '../authoring/records';
import type { Commit, CommitResult, StoredValue } from '../ports';
import type { HandedBack } from '../workflows/messages';
import { ActivityHost, type HostParts, type HostedActivity } from './activity-host';
import { commitPatiently } from './backend-trouble';
import { observedCall } from './observe';
import type { Uses } from './worker-parts';

export type SharedParts = HostParts & Uses<'bodyHosts' | 'observers' | 'wait'>;

export interface SharedActivity extends HostedActivity {
  readonly stop: AbortSignal;
  /** Whether no more knots may begin. */
  readonly isHeld: boolean;
  /** Whether nothing may be recorded any more. */
  readonly isOver: boolean;
  /** Leaves the knot to an activity of its own. */
  handBack(knot: PlanKnot, how: HandedBack): void;
  committed(knot: PlanKnot, outcome: OutcomeToRecord, values: readonly StoredValue[]): void;
}

/**
 * Runs the knots of a segment, or elements of a map, in one activity. Each knot or element is committed as it ends, and
 * retried individually. A knot whose next attempt is far off, or whose inputs cannot be read, is handed back.
 */
export class SharedHost extends ActivityHost<SharedParts, SharedActivity> implements KnotHost {
  readonly callBody = callWith(() => this.environment.bodyHosts);
  readonly watchesGrace = false;
  readonly thrownBefore = 0;

  get cancel(): AbortSignal {
    return this.activity.stop;
  }

  get firstAttempt(): number {
    return this.activity.attempt.number;
  }

  trail(): LocalTrail {
    return new LocalTrail(this.environment.identity);
  }

  isStopped(): boolean {
    return this.activity.stop.aborted || this.activity.isOver;
  }

  isOver(): boolean {
    return this.activity.isOver;
  }

  observed(
    knot: PlanKnot,
    definition: DefinitionRecord,
    attempt: number,
    call: () => Promise<unknown>,
  ): Promise<unknown> {
    const { environment, activity, surroundings } = this;
    if (environment.observers.length === 0) return call();
    const { runId, temporalRunId } = surroundings;
    const event = { runId, temporalRunId, knotId: knot.id, definition: definition.name, attempt };
    const { context } = activity.attempt;
    const isCancelled = (): boolean => activity.attempt.cancelReason === 'cancelled';
    return observedCall(environment.observers, context, event, call, isCancelled);
  }

  classifyError(
    knot: PlanKnot,
    error: unknown,
    _: boolean,
    { trail }: KnotTrail,
  ): 'pass' | 'leave' | undefined {
    if (this.isStopped()) return 'leave';
    if (isBackendTrouble(error)) return 'pass';
    // The knot's own activity waits for a damaged or missing value or for a host, counts lost hosts, and tells why.
    if (!isOfClass(error, 'damaged') && !isHostTrouble(error) && !(error instanceof HostLost))
      return undefined;
    this.activity.handBack(knot, trail ? handedOn(knot, trail) : {});
    return 'leave';
  }

  async retry({ knot, throws, delay, waited, trail }: Throw): Promise<'retry' | 'leave'> {
    const { activity, environment } = this;
    if (waited + delay > RETRY_WAIT_MS || activity.isHeld) {
      activity.handBack(knot, { throws, after: delay, attempts: attemptsOf(knot, trail.trail!) });
      return 'leave';
    }
    await environment.wait(delay, activity.stop);
    return activity.stop.aborted ? 'leave' : 'retry';
  }

  commit(
    knot: PlanKnot,
    commit: Commit,
    outcome: OutcomeToRecord,
    values: readonly StoredValue[],
  ): Promise<CommitResult> {
    const { activity, environment } = this;
    // In a chain of knots no other commit arrives in the same turn of the event loop, so waiting for one is useless.
    const urgent = !isElement(knot) || knot.map.policy.map!.concurrency === 1;
    return commitPatiently(() =>
      environment.commits.commit(commit, { urgent }).then((result) => {
        activity.committed(knot, outcome, values);
        return result;
      }),
    );
  }
}

function handedOn(knot: PlanKnot, trail: Trail): HandedBack {
  const throws = trail.attempts.length - lostIn(trail.attempts);
  return { ...(throws > 0 && { throws }), attempts: attemptsOf(knot, trail) };
}

function attemptsOf(knot: PlanKnot, { attempts }: Trail): Trail['attempts'] {
  return isElement(knot) ? attempts.slice(-1) : attempts;
}
