import { setMaxListeners } from 'node:events';
import type { PlanKnot } from '../plan';
import {
  CachedValues,
  Limits,
  LoadedPlan,
  LocalTrail,
  NOTED_WAIT_MS,
  NamedDefinitions,
  SILENT,
  bodyLogger,
  decodeStored,
  encodeOutput,
  valueOfRecord,
  waitUnlessStopped,
  withNested,
  type AcceptedExtension,
  type BodyExtension,
  type EncodedValue,
  type Execution,
  type Hashing,
  HandedOnHere,
  HostLost,
  callWith,
  isHostTrouble,
  type BodyHosts,
  type BodySurroundings,
  type KnotHost,
  type KnotTrail,
  type MadeValue,
  type Throw,
} from '../runtime';
import { activeTraceparent, BodyTraces, settingsOfNewRun } from '../adapters/open-telemetry/body-traces';
import type { TapestryRecord } from '../authoring/records';
import type { Backends, Commit, CommitResult, LineageRecord, RunRecord } from '../ports';
import type { LocalWaits } from './local-waits';
import type { RunLocallyOptions } from './run-locally';
import type { StartedBy } from './run-record';

export interface InProcessEnvironment
  extends
    Hashing,
    Pick<
      RunLocallyOptions,
      'replace' | 'terminals' | 'resources' | 'logger' | 'signal' | 'concurrency' | 'reuse'
    > {
  /** Present if a knot names a body host. */
  readonly bodyHosts?: BodyHosts | undefined;
  readonly waits?: LocalWaits;
  readonly runId: string;
  /** The key of this run's records, like Temporal's run id. The id is new for each run. */
  readonly temporalRunId: string;
  readonly startedBy?: StartedBy;
  /** Trace span of the run's start, in W3C Trace Context. */
  readonly traceparent?: string | undefined;
  readonly backends: Backends;
  /** Whether the run itself is recorded. */
  readonly recordsRun: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export class LocalKnotHost implements KnotHost {
  readonly callBody = callWith(() => this.environment.bodyHosts);
  readonly surroundings: BodySurroundings;
  readonly firstAttempt = 1;
  readonly thrownBefore = 0;
  /** Definitions of the tapestry and its nested ones. */
  readonly definitions: NamedDefinitions;
  /** The run's records, in the order of the commits. */
  readonly lineage: LineageRecord[] = [];
  isCancelled = false;
  /** Absent: the run is not recorded, so no emitter gets it. */
  readonly traces: BodyTraces | undefined;
  /** Tracing details of the run. */
  readonly tracing: RunRecord['details'];
  /** Aborts the bodies, as the user's own signal has a limit of listeners; absent without a signal. */
  private readonly stop: AbortController | undefined;
  private readonly cachedValues: CachedValues;
  private readonly limits: Limits;

  /** `extendedPlan` has all accepted extensions; some may not be on record. */
  constructor(
    tapestry: TapestryRecord,
    private extendedPlan: LoadedPlan,
    private readonly environment: InProcessEnvironment,
  ) {
    const { backends, resources = {}, runId, temporalRunId, traceparent, now } = environment;
    this.definitions = new NamedDefinitions(withNested(tapestry), environment.sha256);
    this.limits = Limits.of(backends.leaseTable);
    this.cachedValues = new CachedValues(backends, now);
    const logger = bodyLogger(environment.logger ?? SILENT);
    const { dataStore } = backends;
    const handedOn = new HandedOnHere();
    this.tracing = {
      ...(traceparent !== undefined && { traceparent }),
      ...(environment.recordsRun && settingsOfNewRun()),
    };
    const begun = { temporal_run_id: temporalRunId, started_at: now(), details: this.tracing };
    this.traces = environment.recordsRun ? new BodyTraces(async () => begun) : undefined;
    this.surroundings = {
      runId,
      temporalRunId,
      resources,
      dataStore,
      handedOn,
      loggerOf: () => logger,
      ...(this.traces && {
        traced: (knot, attempt, call) => this.traces!.within(temporalRunId, knot, attempt, call),
        traceparent: activeTraceparent,
      }),
    };
    if (environment.signal) {
      this.stop = new AbortController();
      setMaxListeners(0, this.stop.signal);
    }
  }

  get hashing(): Hashing {
    return this.environment;
  }

  get cancel(): AbortSignal | undefined {
    return this.stop?.signal;
  }

  get watchesGrace(): boolean {
    return this.stop !== undefined;
  }

  abort(reason: unknown): void {
    this.stop?.abort(reason);
  }

  now(): number {
    return this.environment.now();
  }

  trail(): LocalTrail {
    return new LocalTrail(null);
  }

  isStopped(): boolean {
    return this.isCancelled;
  }

  /** Ended knots are recorded even after a cancel. */
  isOver(): boolean {
    return false;
  }

  execution(attempt: number, startedAt: number, finishedAt: number): Execution {
    return {
      runId: this.surroundings.runId,
      temporalRunId: this.surroundings.temporalRunId,
      dispatcher: 'in_process',
      taskQueue: null,
      worker: null,
      attempt,
      scheduledAt: startedAt,
      startedAt,
      finishedAt,
    };
  }

  classifyError(_: PlanKnot, error: unknown): 'leave' | 'lost' | 'pass' | undefined {
    if (this.isCancelled) return 'leave';
    if (error instanceof HostLost) return 'lost';
    return isHostTrouble(error) ? 'pass' : undefined;
  }

  async retry({ delay }: Throw): Promise<'retry' | 'leave'> {
    await waitUnlessStopped(delay, this.cancel);
    return this.isCancelled ? 'leave' : 'retry';
  }

  async limited<T>(
    { id: knotId, policy }: PlanKnot,
    attempt: () => Promise<T>,
    trail: KnotTrail,
    since: number,
  ): Promise<T> {
    const { runId, temporalRunId } = this.surroundings;
    const asked = this.now();
    return await this.limits.run(
      { policy, runId, temporalRunId, knotId, since, refusals: 0, patience: Infinity, signal: this.cancel },
      () => {
        const now = this.now();
        if (now - asked >= NOTED_WAIT_MS) trail.waited('LimitReached', asked, now);
        return attempt();
      },
    );
  }

  async commit(_: PlanKnot, commit: Commit): Promise<CommitResult> {
    const [result] = await this.environment.backends.commit([commit]);
    this.lineage.push(commit.record);
    return result!;
  }

  /** Later extensions are checked against the plan with this extension. */
  async accept(_: LoadedPlan, extension: BodyExtension): Promise<AcceptedExtension | undefined> {
    const { terminals, sha256 } = this.environment;
    const accepted = extension.accept({
      plan: this.extendedPlan,
      terminals,
      find: (name, version) => this.definitions.registered(name, version),
      sha256,
    });
    if (accepted) this.extendedPlan = new LoadedPlan(accepted.plan.plan, accepted.plan.hash);
    return accepted;
  }

  /** A record without its value counts as not found. */
  async findMade(planKnot: PlanKnot, key: string): Promise<MadeValue> {
    if (this.environment.reuse === false) return {};
    const found = await this.cachedValues.find(planKnot, key);
    if (!found.record) return found;
    const value = await this.readValue(found.record);
    return value ? { record: found.record, value } : { passedOver: 'value_gone' };
  }

  /** The value; undefined if it has been removed. */
  private async readValue(made: LineageRecord): Promise<EncodedValue | undefined> {
    const value = valueOfRecord(made);
    if (value.stored !== undefined) return value;
    const { backends, digest } = this.environment;
    const bytes = await backends.dataStore.get(value.hash);
    return bytes && encodeOutput(decodeStored(value.hash, bytes), digest);
  }
}
