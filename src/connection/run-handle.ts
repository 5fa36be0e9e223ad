import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { SelvageError } from '../errors';
import { DEFAULT_INLINE_LIMIT } from '../runtime';
import type { Fragment } from '../authoring';
import type { Outcome, RunResult } from '../authoring/outcome';
import type { Backends, LineageQuery, LineageRecord, RunRecord } from '../ports';
import { durationOption, type Duration } from '../values/duration';
import { mapOfElement } from '../authoring/element-id';
import { readAll } from '../records/questions';
import { PLAIN_DIGEST } from '../encryption/digests';
import { withRun } from '../encryption/run-scope';
import type { SignalReceipt } from '../workflows/messages';
import { extendRun } from './extend-run';
import { MapProgressReader, type MapProgress } from './map-progress';
import type { OutageOptions, Through } from './outages';
import { UPDATE_PATIENCE_MS } from './patient-update';
import { readPlanOf, readPromisedValues, readResult, type WantedOutputs } from './read-run';
import { resumesOf, type Resume } from './resumes';
import { runFailed } from './run-failed';
import { RunOnServer, isUnfinished, type Live, type RunHandleOptions } from './run-on-server';
import { followProgress, liveRun, type LiveRun, type Progress } from './run-progress';
import { RunRecords } from './run-records';
import { sendSignal } from './send-signal';
import type { Waiting, WaitingKnot } from './explain/waiting';
import { FactsReader, type UnfinishedRun } from './facts-reader';
import { explainElement } from './explain/explain';
import { pinnedBuild } from './worker-builds';

const PROGRESS_INTERVAL_MS = 200;

/** The state of a run. */
export interface RunState {
  /** The run's record; until a worker has begun the run, made of the server's facts, without hashes of parameters. */
  readonly run: RunRecord;
  /** The run's knots by its workflow; absent if the run is over or no worker answers. */
  readonly live?: LiveRun;
  /** Progress of the run's first five running maps; absent if no worker answers. */
  readonly maps?: readonly MapProgress[];
  /** Why the run has not ended, knot by knot, even without a worker; absent if the run is over. */
  readonly waiting?: Waiting;
  /** The task queue of the run's workflow, and of knots that name no other; absent if the run is over. */
  readonly taskQueue?: string;
  /**
   * The runs that resumed this run, in the order of the requests; absent if no run resumed it, or the run is not over.
   */
  readonly resumedAs?: readonly Resume[];
}

/** The state of a knot, or of an element of a map. */
export interface KnotState {
  readonly knotId: string;
  readonly run: RunRecord;
  /** The knot's outcome; absent if it has none yet, or none was recorded before its run ended. */
  readonly record?: LineageRecord;
  /** Why the knot has not ended; for a map, with all elements in flight. Absent if the knot or its run has ended. */
  readonly waiting?: WaitingKnot;
}

/** Where an unfinished run waits for workers. */
export interface RunDescription {
  readonly tapestry: string;
  /** The task queue of the run's workflow, and of knots that name no other. */
  readonly taskQueue: string;
}

/** Option for runs with a subject, whose values stay out of the history. */
const NOTHING_INLINE = { inlineLimit: 0 };

/** Selects records for which all given conditions hold. */
export type RunLineageQuery = Omit<LineageQuery, 'runId' | 'temporalRunId' | 'limit' | 'cursor'>;

/** A run. The handle keeps no state that others need, so each process can have its own. */
export class RunHandle<Values extends object = Record<string, unknown>> {
  /** Present if `start` has found the run instead of starting it. */
  readonly existing: RunHandleOptions['existing'];
  private readonly since = performance.now();
  private readonly server: RunOnServer;
  /** @internal */
  readonly records: RunRecords;
  private readonly waiting: FactsReader;
  private readonly maps: MapProgressReader;

  constructor(
    readonly runId: string,
    private readonly workflow: WorkflowHandle,
    private readonly backends: Backends,
    private readonly options: RunHandleOptions,
  ) {
    this.existing = options.existing;
    this.server = new RunOnServer(runId, workflow, backends, options);
    this.records = new RunRecords(this.server);
    this.waiting = new FactsReader(workflow.client, backends, options.pollers, options.workers);
    this.maps = new MapProgressReader(backends);
  }

  /**
   * Waits for the end and returns the outcome of every knot, also of a run that failed, was cancelled or
   * terminated. Waits while the server or a backend is unreachable. If a store of values stays unreachable,
   * only reading its values throws (`BackendUnavailable`).
   *
   * @param options.outputs which values to read: of `all` knots (default), of the `terminals`, or `none`
   * @param options.outageLimit see {@link OutageOptions}. Default: the client's
   * @throws SelvageError `UnknownRun`, `ServerUnreachable`, `DatabaseDamaged` (of the embedded server),
   * `ValueMissing`, `ValueDamaged`, `BackendUnavailable`, `BackendsDiffer` (the run's records are in another
   * run history)
   */
  async result(options: { outputs?: WantedOutputs } & OutageOptions = {}): Promise<RunResult<Values>> {
    const through = this.throughOutages(options);
    const run = await this.endOf(through);
    return await readResult<Values>(this.backends, run, options.outputs, through);
  }

  /**
   * Waits for the end and returns the values of the terminals, as `build` returned them. Waits while the
   * server or a backend is unreachable.
   *
   * @param options.outageLimit see {@link OutageOptions}. Default: the client's
   * @throws SelvageError `BackendUnavailable` (which names the value), and as {@link RunHandle.result}
   * @throws RunFailed with the whole result, if the run was cut short or failed by its `failOn`
   * @throws RunFailed also if a terminal lacks a value that it must have (see `OptionalKnot`)
   */
  async values(options: OutageOptions = {}): Promise<Values> {
    const through = this.throughOutages(options);
    const run = await this.endOf(through);
    const values = await readPromisedValues<Values>(this.backends, run, through);
    if (values) return values;
    const plan = await through(() => readPlanOf(this.backends, run));
    throw runFailed(run, await readResult<Values>(this.backends, run, 'terminals', through), plan);
  }

  /** @internal Waits for the end. Errors as of {@link RunHandle.result}. */
  async end(options: OutageOptions = {}): Promise<RunRecord> {
    return await this.endOf(this.throughOutages(options));
  }

  /** Reads the outcomes so far, by knot id. Does not wait. */
  async outcomes(): Promise<Readonly<Record<string, Outcome>>> {
    return (await readResult(this.backends, await this.records.current())).outcomes;
  }

  /**
   * The lineage records so far that fit the query, in the order in which the knots finished. Default: all.
   * For very many elements, use the pages of `selvage.lineage.records({ runId, … })`.
   */
  async lineage(query: RunLineageQuery = {}): Promise<LineageRecord[]> {
    const { temporal_run_id: temporalRunId } = await this.records.current();
    const { runHistory } = this.backends;
    const records = Object.values(query).some((condition) => condition !== undefined)
      ? await readAll(runHistory, { ...query, temporalRunId }, Infinity)
      : await runHistory.getRecords(temporalRunId);
    return records.sort((one, other) => one.finished_at - other.finished_at);
  }

  /**
   * The state of the run, and why it has not ended. A running record is compared with the server, and not changed. The
   * call takes 5 s if no worker answers.
   *
   * @throws SelvageError `UnknownRun`, `ServerUnreachable`, `BackendUnavailable`, `InvalidPlan`
   */
  async status(): Promise<RunState> {
    const { records, server } = this;
    const before = await server.descriptionOrNone();
    if (!isUnfinished(before)) return await this.endedState();
    const isFailing = (before.raw.pendingWorkflowTask?.attempt ?? 1) > 1;
    const canAnswer =
      !isFailing &&
      (await records.unfinished(before)).begun &&
      // If the server cannot tell, the worker is asked anyway.
      (await this.options.pollers
        .areThere(before.taskQueue, ['workflow'], pinnedBuild(before))
        .catch(() => true));
    const live = canAnswer ? await server.live() : undefined;
    // The run may have ended during a long wait for a worker.
    const description = await server.descriptionOrNone();
    if (!isUnfinished(description)) return await this.endedState();
    const unfinished = await records.unfinished(description);
    const { run } = unfinished;
    if (run.status !== 'running') return { run };
    const waiting = await this.waiting.read({ description, ...unfinished, ...(live && liveFacts(live)) });
    const status = live?.status.plan ? live.status : undefined;
    const maps = status && (await this.maps.look(run, status.running));
    const { taskQueue } = description;
    return { run, live: status && liveRun(status), maps, waiting, taskQueue };
  }

  /**
   * The state of one knot, and why it has not ended.
   *
   * @param knotId id of a knot, or of an element of a map: `users[17]`
   * @throws SelvageError `UnknownRun`, `UnknownKnot`, `ServerUnreachable`, `BackendUnavailable`,
   * `InvalidPlan`
   */
  async knot(knotId: string): Promise<KnotState> {
    const map = mapOfElement(knotId);
    const state = await this.stateOfKnot(map ?? knotId);
    if (map === undefined) return state;
    const { run, waiting } = state;
    const [record] = await this.backends.runHistory.getRecords(run.temporal_run_id, [knotId]);
    if (record) return { knotId, run, record };
    return { knotId, run, waiting: waiting && explainElement(knotId, waiting) };
  }

  /**
   * Where the run waits for its workers. The call asks only the server.
   *
   * @throws SelvageError `UnknownRun`, `RunOver`, `ServerUnreachable`
   */
  async describe(): Promise<RunDescription> {
    const description = await this.server.descriptionOrNone();
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
   * Yields the progress of the run on each change, until it is over. Leaving the loop does not affect the
   * run. Waits while the server or a backend is unreachable.
   *
   * @param options.interval the time between two looks. Default 200 ms
   * @param options.outageLimit see {@link OutageOptions}; default: the client's
   * @throws SelvageError `UnknownRun`, `ServerUnreachable`, `BackendUnavailable`, `BackendsDiffer`
   */
  async *progress(
    options: { interval?: Duration } & OutageOptions = {},
  ): AsyncGenerator<Progress, void, void> {
    const interval = durationOption('interval', options.interval ?? PROGRESS_INTERVAL_MS);
    const { maps, records, server, since } = this;
    yield* followProgress({ maps, records, server, since }, this.throughOutages(options), interval);
  }

  /**
   * Gives the run more knots; those whose parents are settled start at once. Waits for a worker, and returns when the
   * run has the new knots. Repeating an equal fragment changes nothing, and neither does a refused one.
   *
   * @throws SelvageError `NotExtensible`, `InvalidFragment`, `DuplicateId`, `DuplicateTerminal`,
   * `UnknownKnot`, `UnknownTerminal`, `UnknownDefinition`, `CodeDiffers`, `Cycle`, `PlanTooLarge`, `RunOver`,
   * `UnknownRun`, `ServerUnreachable`, `BackendUnavailable`
   */
  async extend(fragment: Fragment): Promise<void> {
    const { server } = this;
    const scope = await this.records.scope();
    await server.reaching(() =>
      withRun(scope, () =>
        extendRun(this.workflow, this.backends.dataStore, fragment, async () =>
          isUnfinished(await server.descriptionOrNone()),
        ),
      ),
    );
  }

  /**
   * Asks the run to end: running bodies get their signal aborted and have `cancelGrace`, other knots are skipped, and
   * all is recorded. Returns when the server has the request. Does nothing if the run is over.
   */
  async cancel(): Promise<void> {
    await this.unlessOver(() => this.workflow.cancel());
  }

  /**
   * Ends the run at once, without notifying its code. Running bodies learn of it at their next heartbeat;
   * knots without an outcome get none. The record becomes terminated, with the reason. Does nothing if the
   * run is over.
   */
  async terminate(reason?: string): Promise<void> {
    await this.unlessOver(() => this.workflow.terminate(reason));
    await this.records.settle();
  }

  /**
   * Sends a signal that a knot of the run waits for. Returns when the run has taken it. The payload is
   * checked by the schema of the wait; after a refusal, the wait goes on. A signal that comes before its wait is kept.
   * Waits of one name take one signal each, in order.
   *
   * The signal is taken once, however often this call has to try. Give an `id` to send it again safely:
   * signals of one id are one signal, and get the first answer again, even after the run. After a refusal,
   * the id may be used with another payload.
   *
   * @param options.timeout limit for the answer of a worker, which has the schemas. Default 60 s. Each answer to
   * another signal of this process to the run extends the limit
   * @param options.id 1 to 100 printable ASCII characters without spaces. By default, the id is unique. The run
   * remembers an id for the next 5,000 signals
   * @returns the knot that takes it; without `takenBy` the signal is kept for the next wait of that name
   * @throws SelvageError `InvalidSignal`, `UnknownSignal`, `SignalTooLate`, `TooManySignals`, `RunOver`,
   * `UnknownRun`, `NoWorker`, `SignalUnanswered`, `InvalidConfig`, `NotEncodable`, `KeyMissing`,
   * `ServerUnreachable`, `BackendUnavailable`
   */
  async signal(
    name: string,
    payload: unknown,
    options: { readonly timeout?: Duration; readonly id?: string } = {},
  ): Promise<SignalReceipt> {
    const timeout = durationOption('timeout', options.timeout ?? UPDATE_PATIENCE_MS);
    const { server, records } = this;
    const { dataStore } = this.backends;
    try {
      const scope = await records.scope();
      const { of: digest } = scope.digest ?? PLAIN_DIGEST;
      const { inlineLimit = DEFAULT_INLINE_LIMIT } =
        scope.subject === undefined ? this.options : NOTHING_INLINE;
      return await server.reaching(() =>
        withRun(scope, () =>
          sendSignal(
            this.workflow,
            dataStore,
            { name, payload, id: options.id },
            {
              digest,
              timeout,
              inlineLimit,
              hasWorker: () => server.hasWorker(),
              isServerLost: () => this.options.serverLost?.aborted === true,
            },
          ),
        ),
      );
    } catch (error) {
      if (!SelvageError.is(error, 'UnknownRun')) throw error;
      const run = await records.over();
      throw run === undefined ? error : runOver(run, name);
    }
  }

  private async stateOfKnot(knotId: string): Promise<KnotState> {
    const { records, server } = this;
    const description = await server.descriptionOrNone();
    const unfinished = isUnfinished(description) ? await records.unfinished(description) : undefined;
    const run = unfinished?.run ?? (await records.ended());
    if (unfinished?.begun !== false) (await readPlanOf(this.backends, run)).knot(knotId);
    const [record] = await this.backends.runHistory.getRecords(run.temporal_run_id, [knotId]);
    if (record || !unfinished?.begun || !isUnfinished(description)) return { knotId, run, record };
    const live = await server.live();
    const waiting = await this.waiting.readKnot(
      { description, ...unfinished, ...(live && liveFacts(live)) },
      knotId,
    );
    return { knotId, run, waiting };
  }

  private async endedState(): Promise<RunState> {
    const run = await this.records.ended();
    const resumedAs = await resumesOf(this.backends, this.workflow.client, run);
    return { run, ...(resumedAs.length > 0 && { resumedAs }) };
  }

  private async unlessOver(request: () => Promise<unknown>): Promise<void> {
    await this.server.reaching(async () => {
      try {
        await request();
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        // The run is over, or unknown. Only the server knows a run that was terminated before a worker had begun it.
        if (!(await this.backends.runHistory.getRun(this.runId))) await this.workflow.describe();
      }
    });
  }

  private async endOf(through: Through): Promise<RunRecord> {
    await this.records.waitForEnd(through);
    return await through(() => this.records.ended());
  }

  private throughOutages(options: OutageOptions): Through {
    return (call) => this.options.outages.through(call, options);
  }
}

function liveFacts({
  status: { failures, waits },
  segments,
}: Live): Pick<UnfinishedRun, 'failures' | 'segments' | 'waits'> {
  return { failures, segments, waits };
}

function runOver({ run_id: run, status }: RunRecord, signal: string): SelvageError {
  return new SelvageError(
    'RunOver',
    `Run "${run}" is over (${status}): no knot of it waits for the signal "${signal}" any more. See what became of it: selvage runs show ${run}`,
    { details: { run, status, signal } },
  );
}
