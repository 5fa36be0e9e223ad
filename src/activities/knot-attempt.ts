import { AsyncLocalStorage } from 'node:async_hooks';
import { CancelledFailure, type Context } from '@temporalio/activity';
import { decodeJson, type Json, unpackHash } from '../canonical';
import type { PlanKnot } from '../engine';
import { encodeHandedOn, type BodyExtension, type LoadedPlan } from '../execution';
import type { DefinitionRecord } from '../model/records';
import { announceBody } from './announce-body';
import {
  BATCH_ACTIVITY,
  SEGMENT_ACTIVITY,
  SPLIT_ACTIVITY,
  type BatchTask,
  type GivenBack,
  type KnotTask,
  type SegmentTask,
  type SplitTask,
} from '../workflows/messages';

/** What an attempt hands to the next one through the server: counts, and what the body gave to `ctx.heartbeat`. */
export interface HeartbeatDetails {
  readonly throws: number;
  readonly refusals: number;
  /** Of a knot that limits may hold up: attempts whose body may have begun, and that ended without a word. Absent: none. */
  readonly begun?: number;
  readonly user?: Json;
}

/** A body ready to run: what the commit interceptor prepares and the knot activity calls. */
export interface PreparedBody {
  readonly plan: LoadedPlan;
  readonly knot: PlanKnot;
  readonly definition: DefinitionRecord;
  readonly inputs: Record<string, unknown>;
  /** Where it says by what it extends the run. */
  readonly extension: BodyExtension;
}

/**
 * One attempt of an activity of ours on this worker. Temporal counts attempts but does not say why the last one ended; the counts that
 * attempts hand on tell throws and refusals, and what is left are workers that were lost.
 */
export abstract class TaskAttempt {
  protected readonly before: HeartbeatDetails;
  protected user: Json | undefined;
  protected throwsHere = 0;
  protected refusalsHere = 0;

  /**
   * @param thrownBefore how often the body had thrown before the first attempt of this activity
   * @param lostBefore workers that were lost then
   */
  constructor(
    readonly context: Context,
    private readonly thrownBefore: number,
    private readonly lostBefore = 0,
  ) {
    this.before = readDetails(context.info.heartbeatDetails, thrownBefore);
    this.user = this.before.user;
  }

  /** What is attempted, to begin a sentence with. */
  abstract get label(): string;

  /** The knot that it is, or begins with. */
  abstract get knot(): string;

  get number(): number {
    return this.context.info.attempt;
  }

  get throws(): number {
    return this.before.throws + this.throwsHere;
  }

  get refusals(): number {
    return this.before.refusals + this.refusalsHere;
  }

  /** Workers that were lost: attempts that ended without a word. */
  get lost(): number {
    const explained = this.before.throws - this.thrownBefore + this.before.refusals;
    return this.lostBefore + Math.max(0, this.number - 1 - explained);
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

  /** Sends the counts to the server; the SDK throttles, and flushes the last with a failure. */
  beat(): void {
    this.context.heartbeat(this.details);
  }

  /** What the next attempt is to know, should this one end now. */
  protected get details(): HeartbeatDetails {
    return {
      throws: this.throws,
      refusals: this.refusals,
      ...(this.user !== undefined && { user: this.user }),
    };
  }
}

/** One attempt of one knot. */
export class KnotAttempt extends TaskAttempt {
  private announces = false;
  private hasBegun = false;

  constructor(
    context: Context,
    readonly task: ResolvedTask,
  ) {
    super(context, task.givenBack?.throws ?? 0);
  }

  get label(): string {
    return `Knot "${this.task.knot}"`;
  }

  get knot(): string {
    return this.task.knot;
  }

  /**
   * Of a knot that limits may hold up: its attempts say before their bodies begin that they do. Who is lost in the wait before that has
   * run nothing, and is not counted.
   */
  countOnlyBegun(): void {
    this.announces = true;
  }

  override get lost(): number {
    return this.announces ? (this.before.begun ?? 0) : super.lost;
  }

  /**
   * To be called before the body, where only those count that have begun: returns when the server knows.
   *
   * @throws SelvageError `ServerUnreachable`, `WorkerShutdown` (the server has given this attempt up); CancelledFailure
   */
  async begin(): Promise<void> {
    this.hasBegun = true;
    await announceBody(this.context, this.knot, this.label, this.details);
  }

  protected override get details(): HeartbeatDetails {
    const isExplained = this.throwsHere + this.refusalsHere > 0;
    const begun = (this.before.begun ?? 0) + (this.hasBegun && !isExplained ? 1 : 0);
    return { ...super.details, ...(begun > 0 && { begun }) };
  }

  /** Which attempt of the body it is, from 1: those that threw where it was given back count as well. */
  get ofBody(): number {
    return this.number + (this.task.givenBack?.throws ?? 0);
  }

  /** Whether an earlier attempt, a segment or a child run may have recorded the knot. */
  get mayBeRecorded(): boolean {
    return this.number > 1 || this.task.givenBack !== undefined || this.task.lost === true;
  }

  /** What an earlier attempt of the body gave to `ctx.heartbeat`. */
  get userDetails(): unknown {
    return this.user === undefined ? undefined : decodeJson(this.user);
  }

  /** @throws SelvageError `NotEncodable`, in the body that gave them: also of what is too large */
  keepUserDetails(details: unknown): void {
    this.user = encodeHandedOn(this.knot, details);
    this.beat();
  }
}

/** One attempt of a segment. Its refusals and lost workers are counted as a knot's are; throws are the knots' own affair. */
export class SegmentAttempt extends TaskAttempt {
  constructor(
    context: Context,
    readonly task: ResolvedSegment,
  ) {
    super(context, 0, task.lost ? 1 : 0);
  }

  get label(): string {
    const { knots } = this.task;
    return knots.length === 1
      ? `The segment of knot "${this.knot}"`
      : `The segment of ${knots.length} knots from "${this.knot}"`;
  }

  get knot(): string {
    return this.task.knots[0]!;
  }
}

/** One attempt to split what a map goes over. */
export class SplitAttempt extends TaskAttempt {
  constructor(
    context: Context,
    readonly task: ResolvedTask & { readonly from: number },
  ) {
    super(context, 0);
  }

  get label(): string {
    return `The list of map "${this.knot}"`;
  }

  get knot(): string {
    return this.task.knot;
  }
}

/** One attempt at several elements of a map, which are judged one by one as those of a segment are. */
export class BatchAttempt extends TaskAttempt {
  constructor(
    context: Context,
    readonly task: ResolvedBatch,
  ) {
    super(context, 0);
  }

  get label(): string {
    return `A batch of elements of map "${this.knot}"`;
  }

  get knot(): string {
    return this.task.knot;
  }
}

function readDetails(details: unknown, thrownBefore: number): HeartbeatDetails {
  const { throws, refusals, begun, user } = (details ?? {}) as Partial<HeartbeatDetails>;
  return {
    throws: throws ?? thrownBefore,
    refusals: refusals ?? 0,
    ...(begun !== undefined && { begun }),
    ...(user !== undefined && { user }),
  };
}

/** The attempt that the present activity call belongs to. */
export const currentAttempt = new AsyncLocalStorage<TaskAttempt>();

/** The attempt of an activity of ours that runs bodies; undefined of any other activity. */
export function attemptOf(context: Context, input: unknown): TaskAttempt | undefined {
  const task = readKnotTask(context.info, input);
  if (task) return new KnotAttempt(context, task);
  const segment = readSegmentTask(context.info, input);
  if (segment) return new SegmentAttempt(context, segment);
  const split = readSplitTask(context.info, input);
  if (split) return new SplitAttempt(context, split);
  const batch = readBatchTask(context.info, input);
  return batch && new BatchAttempt(context, batch);
}

/** What the tasks of all activities that run bodies say, unpacked. */
interface ResolvedBasics {
  /** `sha256:…`. */
  readonly plan: string;
  /** The run's id: of a knot in a child run not the workflow id of its activity. */
  readonly runId: string;
  /** The Temporal run id under which the records of this run are kept: of the first execution of a continued chain. */
  readonly recordRun: string;
}

/** What one activity call is to do: its {@link KnotTask} unpacked, with what the activity itself says. */
export interface ResolvedTask extends ResolvedBasics {
  readonly knot: string;
  readonly parents: KnotTask['parents'];
  readonly paths?: KnotTask['paths'];
  readonly nested?: KnotTask['nested'];
  readonly map?: KnotTask['map'];
  /** `slice`: the hash. */
  readonly element?: { readonly map: string; readonly slice: string; readonly offset: number };
  readonly givenBack?: GivenBack | undefined;
  readonly reuse?: KnotTask['reuse'];
  readonly lost?: true | undefined;
  readonly waited?: KnotTask['waited'];
  readonly since?: KnotTask['since'];
}

/** The {@link SegmentTask} of an activity call, unpacked likewise. */
export interface ResolvedSegment extends ResolvedBasics, Omit<SegmentTask, 'plan' | 'run'> {}

/** The {@link BatchTask} of an activity call; `slice`: the hash. */
export interface ResolvedBatch extends ResolvedBasics, Omit<BatchTask, 'plan' | 'run' | 'runId'> {}

/** Types of activities whose input looks like that of a knot's. */
const NO_KNOTS: readonly string[] = [SEGMENT_ACTIVITY, SPLIT_ACTIVITY, BATCH_ACTIVITY];

/** The task of an activity call; undefined where its first argument is a user's own input rather than a knot of ours. */
export function readKnotTask(info: Context['info'], input: unknown): ResolvedTask | undefined {
  if (NO_KNOTS.includes(info.activityType)) return undefined;
  return readTask(info, input);
}

function readTask(info: Context['info'], input: unknown): ResolvedTask | undefined {
  const basics = readBasics(info, input);
  if (!basics) return undefined;
  const { knot, parents, paths, nested, map, element, givenBack, reuse, lost, waited, since } =
    input as KnotTask;
  return {
    ...basics,
    knot: element ? info.activityId : (knot ?? info.activityId),
    parents,
    ...(map && { map }),
    ...(element && {
      element: { map: knot!, slice: unpackHash(element.slice)!, offset: element.offset },
    }),
    ...(paths && { paths }),
    ...(nested && { nested }),
    givenBack,
    ...(reuse === false && { reuse }),
    lost,
    ...(waited && { waited }),
    ...(since !== undefined && { since }),
  };
}

function readSplitTask(info: Context['info'], input: unknown): SplitAttempt['task'] | undefined {
  if (info.activityType !== SPLIT_ACTIVITY) return undefined;
  const task = readTask(info, input);
  return task && { ...task, from: (input as SplitTask).from };
}

function readBatchTask(info: Context['info'], input: unknown): ResolvedBatch | undefined {
  if (info.activityType !== BATCH_ACTIVITY) return undefined;
  const basics = readBasics(info, input);
  if (!basics) return undefined;
  const { knot, slice, offsets, concurrency, reuse } = input as BatchTask;
  return {
    ...basics,
    knot,
    slice: unpackHash(slice)!,
    offsets,
    concurrency,
    ...(reuse === false && { reuse }),
  };
}

function readSegmentTask(info: Context['info'], input: unknown): ResolvedSegment | undefined {
  if (info.activityType !== SEGMENT_ACTIVITY) return undefined;
  const basics = readBasics(info, input);
  if (!basics) return undefined;
  const { knots, paths, wanted, parents, mayBeRecorded, lost, reuse } = input as SegmentTask;
  return {
    ...basics,
    knots,
    ...(paths && { paths }),
    wanted,
    parents,
    ...(mayBeRecorded && { mayBeRecorded }),
    ...(lost && { lost }),
    ...(reuse === false && { reuse }),
  };
}

function readBasics(info: Context['info'], input: unknown): ResolvedBasics | undefined {
  if (typeof input !== 'object' || input === null || !info.workflowExecution) return undefined;
  const { plan: packed, run, runId } = input as Partial<KnotTask & SegmentTask>;
  const plan = typeof packed === 'string' ? unpackHash(packed) : undefined;
  if (plan === undefined) return undefined;
  const { workflowExecution } = info;
  return { plan, runId: runId ?? workflowExecution.workflowId, recordRun: run ?? workflowExecution.runId };
}
