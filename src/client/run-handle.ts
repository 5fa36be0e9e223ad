import { setTimeout as delay } from 'node:timers/promises';
import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { RunFailed, SelvageError } from '../errors';
import { PLAIN_DIGEST } from '../sealing/digests';
import { digestForRun, digestsOf, encryptionOf, subjectOf } from '../sealing/seal-backends';
import { withRun, type RunScope } from '../sealing/run-scope';
import { causeLines, DEFAULT_INLINE_LIMIT, type LoadedPlan } from '../execution';
import { readAll } from '../lineage';
import type { Fragment } from '../model';
import type { Outcome, RunResult } from '../model/outcome';
import type { Backends, LineageQuery, LineageRecord, RunRecord } from '../protocols';
import {
  SEGMENTS_QUERY,
  STATUS_QUERY,
  type LiveStatus,
  type OpenWait,
  type RunningSegments,
  type SignalReceipt,
} from '../workflows/messages';
import { unreachable } from './connection-errors';
import { extendRun } from './extend-run';
import { MapProgressReader, type MapProgress } from './map-progress';
import { hasFirstStep } from './next-step';
import { UPDATE_PATIENCE_MS } from './patient-update';
import { sendSignal } from './send-signal';
import type { Pollers } from './pollers';
import { readPlanOf, readPromisedValues, readResult, type WantedOutputs } from './read-run';
import { reconcileRun } from './reconcile';
import { SegmentProgress } from './segment-progress';
import { memoOf, recordOfUnbegun } from './unbegun-run';
import { unlessLost } from './unless-lost';
import type { Waiting } from './waiting';
import { WaitingReader, type UnfinishedRun } from './waiting-reader';

const PROGRESS_INTERVAL_MS = 200;
/** A query waits for a worker, for ever if need be: one that does not answer by then counts as none. */
const QUERY_LIMIT_MS = 5_000;

/** How a run stands. */
export interface RunState {
  /**
   * Its record. Of a run that no worker has begun: what the server says of it, without hashes of parameters, and with an empty plan
   * hash where the worker chooses the plan.
   */
  readonly run: RunRecord;
  /** Its knots as the workflow sees them. Absent when the run is over or no worker answers. */
  readonly live?: LiveStatus;
  /** How far its maps are, of the first five that run. Absent where no worker answers. */
  readonly maps?: readonly MapProgress[];
  /** Why it has not ended, knot by knot; known without a worker, too. Absent when the run is over. */
  readonly waiting?: Waiting;
  /** The task queue that its steps are put into, and its knots that name no other. Absent when the run is over. */
  readonly taskQueue?: string;
}

/** Where an unfinished run waits for its workers. */
export interface Standing {
  readonly tapestry: string;
  /** The task queue that its steps are put into, and its knots that name no other. */
  readonly taskQueue: string;
}

/** What stands for an unfinished run in the run history. */
type RecordedRun = Pick<UnfinishedRun, 'run' | 'begun' | 'resetFrom'>;

/** What a worker says of a run. */
interface Live {
  readonly status: LiveStatus;
  /** The members of its running segments. */
  readonly segments?: readonly (readonly string[])[];
}

/** One look at a run. `done` is true of the last. */
export interface Progress {
  readonly runId: string;
  readonly counts: LiveStatus['counts'];
  readonly running: readonly string[];
  readonly failures: LiveStatus['failures'];
  /** Knots that wait for a signal or a time; at most 100. */
  readonly waits: readonly OpenWait[];
  /** How far the maps among `running` are, for the first five of them; looked at once a second, from the first second on. */
  readonly maps: readonly MapProgress[];
  /** Milliseconds since the handle was made. */
  readonly elapsed: number;
  readonly done: boolean;
}

/** Values of a subject are in no history. */
const NOTHING_INLINE = { inlineLimit: 0 };

/** Which lineage records of a run are asked for: those that fit all conditions. */
export type LineageOfRun = Omit<LineageQuery, 'runId' | 'temporalRunId' | 'limit' | 'cursor'>;

/** What a start tells that found its run under way, or ended. */
export interface Attached {
  /**
   * Definitions, and knots whose body was written in place, whose code differs from what the run was started with. What has not run yet runs
   * the code that its worker has; knots with `onCodeChange: 'wait'` wait for the old one.
   */
  readonly changedCode: readonly string[];
}

interface RunHandleOptions {
  readonly attached?: Attached | undefined;
  readonly pollers: Pollers;
  /** Encoded bytes up to which the payload of a signal goes into the history. Default 2,048. */
  readonly inlineLimit?: number | undefined;
  /** Aborted when the server is gone for good. */
  readonly serverLost?: AbortSignal | undefined;
}

/**
 * A run, wherever it works. The handle holds no state of its own: any process that reaches the same server and backends can
 * have another of the same run.
 */
export class RunHandle<Values extends object = Record<string, unknown>> {
  private readonly since = performance.now();
  /** Of one Temporal run: a reset makes another, with records of its own. */
  private segments: { readonly run: string; readonly progress: SegmentProgress } | undefined;
  private readonly waiting: WaitingReader;
  private readonly maps: MapProgressReader;
  private recorded = false;
  /** Present where `start` has not started the run, but found it. */
  readonly attached: Attached | undefined;

  constructor(
    readonly runId: string,
    private readonly workflow: WorkflowHandle,
    private readonly backends: Backends,
    private readonly options: RunHandleOptions,
  ) {
    this.attached = options.attached;
    this.waiting = new WaitingReader(workflow.client, backends, options.pollers);
    this.maps = new MapProgressReader(backends);
  }

  /**
   * Waits for the end and answers what became of every knot; resolves also for a run that failed, was cancelled or terminated.
   *
   * @param options.outputs which values to read: of `all` knots (default), of the `terminals`, or `none`
   * @throws SelvageError `UnknownRun`, `ServerUnreachable`, `DatabaseDamaged` (of the embedded server), `ValueMissing`, `ValueDamaged`,
   * `BackendUnavailable`
   */
  async result(options: { outputs?: WantedOutputs } = {}): Promise<RunResult<Values>> {
    await this.waitForEnd();
    return await readResult<Values>(this.backends, await this.endedRecord(), options.outputs);
  }

  /**
   * Waits for the end and answers the values of the terminals, as `build` returned them.
   *
   * @throws RunFailed with the whole result: of a run that was cut short or has failed by its `failOn`, and where a terminal
   * has no value that is to have one: see `OptionalKnot`
   */
  async values(): Promise<Values> {
    await this.waitForEnd();
    const run = await this.endedRecord();
    const values = await readPromisedValues<Values>(this.backends, run);
    if (values) return values;
    const plan = await readPlanOf(this.backends, run);
    throw runFailed(run, await readResult<Values>(this.backends, run, 'terminals'), plan);
  }

  /** Outcomes of the knots that have one, by knot id; does not wait. */
  async outcomes(): Promise<Readonly<Record<string, Outcome>>> {
    return (await readResult(this.backends, await this.record())).outcomes;
  }

  /**
   * The lineage records of this run so far, or those of them that fit, in the order in which the knots finished. Of a run with very many
   * elements, `selvage.lineage({ runId, … })` answers a page at a time.
   */
  async lineage(query: LineageOfRun = {}): Promise<LineageRecord[]> {
    const { temporal_run_id: temporalRunId } = await this.record();
    const { runHistory } = this.backends;
    const records = Object.values(query).some((condition) => condition !== undefined)
      ? await readAll(runHistory, { ...query, temporalRunId }, Infinity)
      : await runHistory.getRecords(temporalRunId);
    return records.sort((one, other) => one.finished_at - other.finished_at);
  }

  /**
   * How the run stands now, and why it has not ended; a record that says running is compared with the server. Takes 5 s where no
   * worker answers.
   *
   * @throws SelvageError `UnknownRun`, `ServerUnreachable`, `BackendUnavailable`, `InvalidPlan`
   */
  async status(): Promise<RunState> {
    const before = await this.descriptionOrNone();
    if (!isUnfinished(before)) return { run: await this.endedRecord() };
    const isFailing = (before.raw.pendingWorkflowTask?.attempt ?? 1) > 1;
    const canAnswer =
      !isFailing &&
      (await this.unfinishedRecord(before)).begun &&
      // A server that cannot tell is no reason not to ask the worker.
      (await this.options.pollers.areThere(before.taskQueue, ['workflow']).catch(() => true));
    const live = canAnswer ? await this.live() : undefined;
    // The wait for a worker may have been long.
    const description = await this.descriptionOrNone();
    if (!isUnfinished(description)) return { run: await this.endedRecord() };
    const unfinished = await this.unfinishedRecord(description);
    const { run } = unfinished;
    if (run.status !== 'running') return { run };
    const waiting = await this.waiting.read({
      description,
      ...unfinished,
      ...(live && { failures: live.status.failures }),
      ...(live?.segments && { segments: live.segments }),
      ...(live?.status.waits && { waits: live.status.waits }),
    });
    const status = live?.status.plan ? live.status : undefined;
    const maps = status && (await this.maps.look(run, status.running));
    const { taskQueue } = description;
    return { run, ...(status && { live: status, maps }), waiting, taskQueue };
  }

  /**
   * Where the run waits for its workers; asks the server alone.
   *
   * @throws SelvageError `UnknownRun`, `RunOver`, `ServerUnreachable`
   */
  async standing(): Promise<Standing> {
    const description = await this.descriptionOrNone();
    if (isUnfinished(description)) {
      const { type: tapestry, taskQueue } = description;
      return { tapestry, taskQueue };
    }
    throw new SelvageError(
      'RunOver',
      `Run "${this.runId}" is over, so that there is nothing to do for it. To go on from it in a new run: selvage resume ${this.runId} FILE`,
      { details: { run: this.runId } },
    );
  }

  /**
   * Looks at the run again and again until it is over, yielding whenever something has changed. Breaking off the loop
   * leaves the run alone.
   */
  async *progress(options: { interval?: number } = {}): AsyncGenerator<Progress, void, void> {
    const { interval = PROGRESS_INTERVAL_MS } = options;
    const stop = new AbortController();
    let over = false;
    const end = this.waitForEnd().finally(() => {
      over = true;
      stop.abort();
    });
    // Reported by the await below, not as an unhandled rejection while a query is under way.
    end.catch(() => {});
    let last = '';
    try {
      while (!over) {
        const live = (await this.isRecorded()) ? (await this.live())?.status : undefined;
        const maps = live ? await this.maps.lookSometimes(this.runId, live.running) : [];
        const seen = JSON.stringify([live, maps]);
        if (live && seen !== last && !over) {
          last = seen;
          yield this.seen(live, false, maps);
        }
        await delay(interval, undefined, { signal: stop.signal }).catch(() => {});
      }
      await end;
      yield await this.lastProgress();
    } finally {
      stop.abort();
    }
  }

  /**
   * Gives the run more knots, of which those start at once whose parents are settled. Resolves when the run has them, or had them already:
   * an equal fragment may be given any number of times. Waits for a worker. A fragment that is refused leaves the run as it was.
   *
   * @throws SelvageError `NotExtensible`, `InvalidFragment`, `DuplicateId`, `DuplicateTerminal`, `UnknownKnot`, `UnknownTerminal`,
   *   `UnknownDefinition`, `CodeDiffers`, `Cycle`, `PlanTooLarge`, `RunOver`, `UnknownRun`, `ServerUnreachable`, `BackendUnavailable`
   */
  async extend(fragment: Fragment): Promise<void> {
    const scope = await this.scope();
    await this.reaching(() =>
      withRun(scope, () =>
        extendRun(this.workflow, this.backends.dataStore, fragment, async () =>
          isUnfinished(await this.descriptionOrNone()),
        ),
      ),
    );
  }

  /**
   * Asks the run to end: bodies get their signal aborted and `cancelGrace` to end, the rest is skipped, and all is recorded.
   * Returns when the server has taken the request; `result()` waits for the end. Of a run that is over, nothing happens.
   */
  async cancel(): Promise<void> {
    await this.unlessOver(() => this.workflow.cancel());
  }

  /**
   * Ends the run at once. No code of the run hears of it: running bodies are told at their next heartbeat, knots that had
   * no outcome get none. The record is set to terminated, and has the reason. Of a run that is over, nothing happens.
   */
  async terminate(reason?: string): Promise<void> {
    await this.unlessOver(() => this.workflow.terminate(reason));
    await this.endedRecord();
  }

  /**
   * Sends a signal that a knot of the run waits for, and returns when the run has taken it: checked by the schema of the wait, which goes on
   * if the payload is refused. One that comes before its wait has begun is kept; waits of one name take one signal each, in order.
   *
   * @param options.timeout milliseconds to wait for a worker, which has the schemas. Default 60,000
   * @returns which knot takes it; without `takenBy` it is kept for the next wait of that name
   * @throws SelvageError `InvalidSignal`, `UnknownSignal`, `SignalTooLate`, `TooManySignals`, `RunOver`, `UnknownRun`, `NoWorker`,
   *   `NotEncodable`, `KeyMissing`, `ServerUnreachable`, `BackendUnavailable`
   */
  async signal(
    name: string,
    payload: unknown,
    options: { readonly timeout?: number } = {},
  ): Promise<SignalReceipt> {
    const { timeout = UPDATE_PATIENCE_MS } = options;
    const { dataStore } = this.backends;
    try {
      const scope = await this.scope();
      const { of: digest } = scope.digest ?? PLAIN_DIGEST;
      const { inlineLimit = DEFAULT_INLINE_LIMIT } =
        scope.subject === undefined ? this.options : NOTHING_INLINE;
      return await this.reaching(() =>
        withRun(scope, () =>
          sendSignal(this.workflow, dataStore, name, payload, { digest, timeout, inlineLimit }),
        ),
      );
    } catch (error) {
      if (!SelvageError.is(error, 'UnknownRun')) throw error;
      const run = await this.overRun();
      throw run === undefined ? error : runOver(run, name);
    }
  }

  /** For whom the run works, and what it hashes its values with. @throws SelvageError `KeyMissing` */
  private async scope(): Promise<RunScope> {
    if (!encryptionOf(this.backends)) return {};
    const run = await this.backends.runHistory.getRun(this.runId);
    if (run) return { subject: subjectOf(run), digest: digestForRun(this.backends, run) };
    const { subject, backends } = memoOf(await this.describe());
    const digests = digestsOf(this.backends);
    return { subject, digest: backends ? digests.byTag(backends.digest) : digests.current };
  }

  /** The record of a run that is over; undefined of one that is not, or that nobody knows. */
  private async overRun(): Promise<RunRecord | undefined> {
    const run = await this.backends.runHistory.getRun(this.runId);
    if (run && run.status !== 'running') return run;
    // Without one, or one that is not up to date, the server may know it as over.
    return (await this.descriptionOrNone().catch(() => undefined)) ? await this.endedRecord() : undefined;
  }

  private async unlessOver(request: () => Promise<unknown>): Promise<void> {
    await this.reaching(async () => {
      try {
        await request();
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError) || !(await this.backends.runHistory.getRun(this.runId)))
          throw error;
      }
    });
  }

  /** The run's record, if its first step has been taken. */
  private async record(): Promise<RunRecord> {
    const run = await this.backends.runHistory.getRun(this.runId);
    if (run) return run;
    await this.describe();
    throw this.notBegun();
  }

  /** The record of a run that is over. One that was ended before a worker began it gets its record here. */
  private async endedRecord(): Promise<RunRecord> {
    const { runHistory } = this.backends;
    const { client } = this.workflow;
    let run = await runHistory.getRun(this.runId);
    if (!run) {
      const description = await this.describe();
      if (isUnfinished(description) || !memoOf(description).plan || (await hasFirstStep(client, description)))
        throw this.notBegun();
      run = await runHistory.startRun(await recordOfUnbegun(client, this.backends, description));
    }
    return await reconcileRun(this.backends, client, run);
  }

  /** The record of a run that the server says is not over, or what stands for it. */
  private async unfinishedRecord(description: WorkflowExecutionDescription): Promise<RecordedRun> {
    const { runHistory } = this.backends;
    const { client } = this.workflow;
    const known = async (): Promise<RecordedRun | undefined> => {
      const run = await runHistory.getRun(this.runId);
      return run && isOf(run, description) ? { run, begun: true } : undefined;
    };
    const before = await known();
    if (before) return before;
    if (!(await hasFirstStep(client, description)))
      return { run: await recordOfUnbegun(client, this.backends, description), begun: false };
    // Begun meanwhile; or reset, which makes an execution without a record of its own until it ends.
    const meanwhile = await known();
    if (meanwhile) return meanwhile;
    const resetRun = await runHistory.getRun(this.runId);
    if (!resetRun) throw this.notBegun();
    const { runId } = description;
    return {
      run: { ...resetRun, temporal_run_id: runId, status: 'running', finished_at: null },
      begun: true,
      resetFrom: resetRun.temporal_run_id,
    };
  }

  private notBegun(): SelvageError {
    return new SelvageError(
      'UnknownRun',
      `The run history (${this.backends.runHistory.technology}) does not know run "${this.runId}": no worker has begun it yet, or this ` +
        'process looks at other backends than its worker (`selvage doctor` shows them).',
      { details: { run: this.runId } },
    );
  }

  /** What the server says; undefined where it has forgotten a run that is over. */
  private async descriptionOrNone(): Promise<WorkflowExecutionDescription | undefined> {
    try {
      return await this.describe();
    } catch (error) {
      if (SelvageError.is(error, 'UnknownRun') && (await this.isRecordedAsEnded())) return undefined;
      throw error;
    }
  }

  /**
   * Whether a worker has begun the run. Until then nobody can answer for it, and a query that comes with a failing first step makes
   * the SDK write that failure into the history.
   */
  private async isRecorded(): Promise<boolean> {
    if (this.recorded) return true;
    // Whoever looks at the progress is not told of a backend that is out of reach for a moment.
    const run = await this.backends.runHistory.getRun(this.runId).catch(() => undefined);
    return (this.recorded = run !== undefined);
  }

  /** A server keeps runs for some days, the run history for good. */
  private async isRecordedAsEnded(): Promise<boolean> {
    const run = await this.backends.runHistory.getRun(this.runId);
    return run !== undefined && run.status !== 'running';
  }

  private async describe(): Promise<WorkflowExecutionDescription> {
    return await this.reaching(() => this.workflow.describe());
  }

  private async live(): Promise<Live | undefined> {
    try {
      return await this.workflow.client.withDeadline(Date.now() + QUERY_LIMIT_MS, async () => {
        const status = await this.workflow.query<LiveStatus>(STATUS_QUERY);
        return status.segments === undefined ? { status } : await this.withSegments(status);
      });
    } catch {
      // Nobody answers: no worker polls, or the run has just ended. The run itself goes on.
      return undefined;
    }
  }

  private async withSegments(live: LiveStatus): Promise<Live> {
    const { run, segments } = await this.workflow.query<RunningSegments>(SEGMENTS_QUERY);
    if (this.segments?.run !== run)
      this.segments = { run, progress: new SegmentProgress(this.backends.runHistory) };
    return { status: await this.segments.progress.counted(live, run, segments), segments };
  }

  private async waitForEnd(): Promise<void> {
    await this.reaching(async () => {
      try {
        await this.workflow.result();
      } catch (error) {
        // How it ended is read from the run history, in more detail.
        if (error instanceof WorkflowFailedError) return;
        if (!(error instanceof WorkflowNotFoundError) || !(await this.isRecordedAsEnded())) throw error;
      }
    });
  }

  private async lastProgress(): Promise<Progress> {
    const run = await this.endedRecord();
    const counts = (run.environment as { counts?: { ok: number; err: number; skipped: number } }).counts;
    const { ok, err, skipped } = counts ?? { ok: 0, err: 0, skipped: 0 };
    const failures = err > 0 ? await this.failures() : [];
    return this.seen(
      {
        plan: run.plan_hash,
        counts: { ok, err, skipped, running: 0, waiting: 0, total: ok + err + skipped },
        running: [],
        failures,
        cancelled: run.status === 'cancelled',
      },
      true,
    );
  }

  private async failures(): Promise<LiveStatus['failures']> {
    const { temporal_run_id: temporalRunId } = await this.record();
    const { items } = await this.backends.runHistory.findLineage({
      temporalRunId,
      outcome: 'err',
      limit: 20,
    });
    return items.map((record) => {
      const { error } = record.extra as { error?: { type: string; message: string } };
      return { knot: record.knot_id, type: error?.type ?? 'Error', message: error?.message ?? '' };
    });
  }

  private seen(live: LiveStatus, done: boolean, maps: Progress['maps'] = []): Progress {
    const { counts, running, failures, waits = [] } = live;
    return {
      runId: this.runId,
      counts,
      running,
      failures,
      waits,
      maps,
      elapsed: Math.round(performance.now() - this.since),
      done,
    };
  }

  private async reaching<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await unlessLost(call(), this.options.serverLost);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) {
        throw new SelvageError(
          'UnknownRun',
          `The server knows no run "${this.runId}". \`selvage runs list\` shows what there is.`,
          {
            details: { run: this.runId },
            cause: error,
          },
        );
      }
      throw unreachable(error);
    }
  }
}

/** Whether the server has this run as one that goes on. */
function isUnfinished(
  description: WorkflowExecutionDescription | undefined,
): description is WorkflowExecutionDescription {
  return description !== undefined && ['RUNNING', 'PAUSED'].includes(description.status.name);
}

/** Whether a record is that of an unfinished run: of its execution, or of the first one of a run that was continued as new. */
function isOf(run: RunRecord, { runId, raw }: WorkflowExecutionDescription): boolean {
  if (run.temporal_run_id === runId) return true;
  return run.status === 'running' && run.temporal_run_id === raw.workflowExecutionInfo?.firstRunId;
}

function runOver({ run_id: run, status }: RunRecord, signal: string): SelvageError {
  return new SelvageError(
    'RunOver',
    `Run "${run}" is over (${status}): no knot of it waits for the signal "${signal}" any more. See what became of it: selvage runs show ${run}`,
    { details: { run, status, signal } },
  );
}

function runFailed<Values>(
  { terminals }: RunRecord,
  result: RunResult<Values>,
  plan: LoadedPlan,
): RunFailed<RunResult<Values>> {
  const failed = Object.entries(result.outcomes).flatMap(([id, outcome]) =>
    outcome.kind === 'err' && plan.knot(id).policy.optional !== true ? [{ ...outcome.error, id }] : [],
  );
  const missing = Object.entries(terminals)
    .filter(([name, id]) => !Object.hasOwn(result.values, name) && !plan.mayHaveNoValue(id))
    .map(([name]) => name);
  const [first] = failed;
  const owed = withoutValue(missing);
  const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
  const why = first
    ? `knot "${first.id}" failed with ${first.type}: ${first.message}${others}${causeLines(first)
        .map((line) => `\n  ${line}`)
        .join('')}`
    : (result.error?.message ?? (result.succeeded ? owed : `it was ${result.status}`));
  return new RunFailed(
    `Run "${result.runId}" did not ${result.succeeded ? 'come to all its values' : 'succeed'}: ${why}`,
    result,
    {
      run: result.runId,
      status: result.status,
      failed: failed.map(({ id }) => id),
    },
  );
}

function withoutValue(terminals: readonly string[]): string {
  const named = terminals.slice(0, 5).map((name) => `"${name}"`);
  const others = terminals.length - named.length;
  return `${named.join(', ')}${others > 0 ? ` and ${others} more` : ''} had to be skipped`;
}
