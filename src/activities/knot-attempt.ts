import { AsyncLocalStorage } from 'node:async_hooks';
import { CancelledFailure, type Context } from '@temporalio/activity';
import { decodeJson, type Json, unpackHash } from '../canonical';
import type { PlanKnot } from '../engine';
import { encodeHandedOn, type LoadedPlan } from '../execution';
import type { DefinitionRecord } from '../model/records';
import type { KnotTask } from '../workflows/messages';

/** What an attempt hands to the next one through the server: counts, and what the body gave to `ctx.heartbeat`. */
export interface HeartbeatDetails {
  readonly throws: number;
  readonly refusals: number;
  readonly user?: Json;
}

/** A body ready to run: what the commit interceptor prepares and the knot activity calls. */
export interface PreparedBody {
  readonly plan: LoadedPlan;
  readonly knot: PlanKnot;
  readonly definition: DefinitionRecord;
  readonly inputs: Record<string, unknown>;
}

/** So many workers in a row may be lost before the knot is given up as their killer. */
export const LOST_WORKERS = 3;

/**
 * One attempt of one knot on this worker. Temporal counts attempts but does not say why the last one ended; the counts that
 * attempts hand on tell throws and refusals, and what is left are workers that were lost.
 */
export class KnotAttempt {
  private readonly before: HeartbeatDetails;
  private throwsHere = 0;
  private refusalsHere = 0;
  private user: Json | undefined;

  constructor(
    readonly context: Context,
    readonly task: ResolvedTask,
  ) {
    this.before = readDetails(context.info.heartbeatDetails);
    this.user = this.before.user;
  }

  get number(): number {
    return this.context.info.attempt;
  }

  get throws(): number {
    return this.before.throws + this.throwsHere;
  }

  /** Attempts that ended without a word. */
  get lost(): number {
    return Math.max(0, this.number - 1 - this.before.throws - this.before.refusals);
  }

  /** What an earlier attempt of the body gave to `ctx.heartbeat`. */
  get userDetails(): unknown {
    return this.user === undefined ? undefined : decodeJson(this.user);
  }

  /**
   * Why the server or the worker wants this attempt to end; undefined while nobody does. `superseded`: the server has given
   * this attempt up (no heartbeat came through in time, the run is over, an operator paused or reset the activity).
   */
  get cancelReason(): 'cancelled' | 'shutdown' | 'superseded' | undefined {
    const signal = this.context.cancellationSignal;
    if (!signal.aborted) return undefined;
    const reason = signal.reason instanceof CancelledFailure ? signal.reason.message : '';
    if (reason === 'WORKER_SHUTDOWN') return 'shutdown';
    return reason === 'CANCELLED' ? 'cancelled' : 'superseded';
  }

  countThrow(): void {
    this.throwsHere = 1;
    this.beat();
  }

  /** An attempt counts once: a throw that could not be recorded is a refusal. */
  countRefusal(): void {
    this.throwsHere = 0;
    this.refusalsHere = 1;
    this.beat();
  }

  /** @throws SelvageError `NotEncodable`, in the body that gave them: also of what is too large */
  keepUserDetails(details: unknown): void {
    this.user = encodeHandedOn(this.task.knot, details);
    this.beat();
  }

  /** Sends the counts to the server; the SDK throttles, and flushes the last with a failure. */
  beat(): void {
    const details: HeartbeatDetails = {
      throws: this.throws,
      refusals: this.before.refusals + this.refusalsHere,
      ...(this.user !== undefined && { user: this.user }),
    };
    this.context.heartbeat(details);
  }
}

function readDetails(details: unknown): HeartbeatDetails {
  const { throws, refusals, user } = (details ?? {}) as Partial<HeartbeatDetails>;
  return { throws: throws ?? 0, refusals: refusals ?? 0, user };
}

/** The attempt that the present activity call belongs to. */
export const currentAttempt = new AsyncLocalStorage<KnotAttempt>();

/** What one activity call is to do: its {@link KnotTask} unpacked, with what the activity itself says. */
export interface ResolvedTask {
  /** `sha256:…`. */
  readonly plan: string;
  readonly knot: string;
  readonly parents: KnotTask['parents'];
  /** The Temporal run id under which the records of this run are kept: of the first execution of a continued chain. */
  readonly recordRun: string;
}

/** The task of an activity call; undefined where its first argument is a user's own input rather than a knot of ours. */
export function readKnotTask(info: Context['info'], input: unknown): ResolvedTask | undefined {
  if (typeof input !== 'object' || input === null || !info.workflowExecution) return undefined;
  const { plan: packed, knot, parents, run } = input as Partial<KnotTask>;
  const plan = typeof packed === 'string' ? unpackHash(packed) : undefined;
  if (plan === undefined) return undefined;
  return { plan, knot: knot ?? info.activityId, parents, recordRun: run ?? info.workflowExecution.runId };
}
