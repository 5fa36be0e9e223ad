import type { Client } from '@temporalio/client';
import type { Sha256 } from '../values';
import type { CompiledPlan } from '../plan';
import {
  CachedValues,
  CodeHashes,
  Limits,
  SLICE_LIMITS,
  SingleFlight,
  waitUnlessStopped,
  withNested,
  type BodyHosts,
  type Hashing,
  type SliceLimits,
  type ValuesAtHand,
} from '../runtime';
import { BodyTraces } from '../adapters/open-telemetry/body-traces';
import { GroupCommit, HistoryClock, requireSameBackends } from '../backends';
import { failedInstead } from './backend-trouble';
import type { LoggerLike } from '../authoring/knot-context';
import type { TapestryRecord } from '../authoring/records';
import type { WorkCounts } from '../metrics';
import type { BackendIdentities, Backends, LineageRecord, RunHistory } from '../ports';
import { currentScope } from '../encryption/run-scope';
import type { KnotObserver } from './observe';
import { BegunSegments } from './begun-segments';
import { crashSuspects } from './crash-suspects';
import { SliceCache } from './map-slices';
import { PlanCache } from './plan-cache';
import { RecentValues } from './recent-values';
import { RunScopes } from './run-scopes';
import type { Registry } from './registry';
import { SEGMENT_LIMITS, type SegmentLimits } from './segment-limits';

/** Limit of a transaction, so that other writers do not wait long. */
const RECORDS_PER_COMMIT = 1_000;

/** Limits of the work of one activity. */
export interface ActivityLimits {
  readonly segment?: Partial<SegmentLimits>;
  readonly slices?: Partial<SliceLimits>;
}

export interface WorkerPartsOptions {
  readonly registry: Registry;
  readonly resources: Readonly<Record<string, unknown>>;
  readonly identity: string;
  /** Maximum encoded bytes of a value that travels inline; 0 for never. */
  readonly inlineLimit: number;
  /** Hashes documents and, for runs without a digest key, values. */
  readonly sha256: Sha256;
  /** Milliseconds after which a place of a limit is free again if its worker was lost. */
  readonly leaseTtl?: number | undefined;
  /** Logger for bodies and for messages about runs. Default: bodies write to Temporal's logger. */
  readonly logger?: LoggerLike;
  /** Observers, called for every attempt of a knot. Default: none. */
  readonly observers?: readonly KnotObserver[];
  /** Work to do before a run that was cut short ends, by tapestry name. The work for a run may be called again. */
  readonly cutShort?: ReadonlyMap<string, (runId: string, temporalRunId: string) => Promise<void>>;
  readonly counts?: WorkCounts | undefined;
  /** Default: its own. Workers of one client share this cache, as its memory is reserved at once. */
  readonly recentValues?: RecentValues | undefined;
  readonly activityLimits?: ActivityLimits | undefined;
}

type NamedPlan = readonly [tapestry: string, plan: CompiledPlan];

/** The members that activities of knots and of a run's end use; a simulated worker lacks all others. */
interface KnotParts {
  readonly backends: Pick<Backends, 'dataStore' | 'commit'> & {
    readonly runHistory: Pick<RunHistory, HistoryOfKnots>;
  };
  readonly commits: Pick<GroupCommit, 'commit'>;
  readonly plans: Pick<PlanCache, 'get' | 'keep' | 'layout' | 'layoutSlices'>;
  readonly registry: Pick<Registry, 'definition' | 'registered' | 'tapestry'>;
}

type HistoryOfKnots =
  | 'commit'
  | 'countRecords'
  | 'endRun'
  | 'findCached'
  | 'findLineage'
  | 'getOutcomes'
  | 'getRecords'
  | 'getRun'
  | 'getRunByTemporalId'
  | 'startRun'
  | 'technology';

export type Uses<Part extends keyof WorkerParts> = Pick<Omit<WorkerParts, keyof KnotParts> & KnotParts, Part>;

/**
 * The parts that the activities and interceptors of one worker share. A Temporal worker is configured before
 * anything may be opened, so the backends are attached when it begins to run.
 */
export class WorkerParts implements Hashing {
  readonly registry: Registry;
  readonly resources: Readonly<Record<string, unknown>>;
  readonly identity: string;
  readonly sha256: Sha256;
  readonly observers: readonly KnotObserver[];
  readonly logger: LoggerLike | undefined;
  readonly counts?: WorkCounts | undefined;
  readonly codeHashes: Pick<CodeHashes, 'of'>;
  readonly cutShort: NonNullable<WorkerPartsOptions['cutShort']>;
  readonly segmentLimits: SegmentLimits;
  readonly sliceLimits: SliceLimits;
  readonly recentValues: ValuesAtHand;
  readonly begunSegments = new BegunSegments();
  readonly crashSuspects = crashSuspects;
  readonly wait = waitUnlessStopped;
  private readonly savedPlans = new Set<string>();
  private readonly leaseTtl: number | undefined;
  private readonly ownInlineLimit: number;
  /** The body hosts, opened when the worker begins to run; undefined if no tapestry names one. */
  bodyHosts?: BodyHosts | undefined;
  // Set by `attach`:
  server: string | undefined;
  client?: Pick<Client, 'workflow'> | undefined;
  backends!: Backends;
  commits!: GroupCommit;
  clock!: Pick<HistoryClock, 'now'>;
  plans!: PlanCache;
  limits!: Pick<Limits, 'run'>;
  slices!: Pick<SliceCache, 'get'>;
  cachedValues!: CachedValues;
  singleFlight!: Pick<SingleFlight, 'run'>;
  scopes!: RunScopes;
  traces!: BodyTraces;

  constructor(options: WorkerPartsOptions) {
    this.registry = options.registry;
    this.resources = options.resources;
    this.identity = options.identity;
    this.ownInlineLimit = options.inlineLimit;
    this.sha256 = options.sha256;
    this.leaseTtl = options.leaseTtl;
    this.recentValues = options.recentValues ?? new RecentValues();
    this.cutShort = options.cutShort ?? new Map();
    this.observers = options.observers ?? [];
    this.logger = options.logger;
    this.counts = options.counts;
    this.segmentLimits = { ...SEGMENT_LIMITS, ...options.activityLimits?.segment };
    this.sliceLimits = { ...SLICE_LIMITS, ...options.activityLimits?.slices };
    this.codeHashes = new CodeHashes(options.sha256, () => this.bodyHosts);
  }

  /**
   * @param server the server's name in run records; undefined if unknown
   * @param client asked about runs that have no record
   * @param clock for records
   */
  attach(
    backends: Backends,
    server?: string,
    client?: Pick<Client, 'workflow'>,
    clock = new HistoryClock(backends.runHistory),
  ): void {
    this.clock = clock;
    this.server = server;
    this.client = client;
    this.backends = backends;
    this.commits = new GroupCommit(
      backends,
      (commit, error) => failedInstead(commit, error, this),
      this.counts,
    );
    this.plans = new PlanCache(backends.tapestryStore, () => this.registeredPlans());
    this.limits = new Limits(backends.leaseTable, this.leaseTtl);
    // Parts get no reference to this object: the SDK logs a worker's plugins with all members as JSON, without cycles.
    this.slices = new SliceCache({ backends, recentValues: this.recentValues });
    this.cachedValues = new CachedValues(backends, clock.now, () => currentScope()?.subject);
    this.singleFlight = new SingleFlight(backends.leaseTable, this.leaseTtl);
    this.scopes = new RunScopes(backends, client);
    this.traces = BodyTraces.of(backends.runHistory);
  }

  /** Called at the start of every activity. @throws Error before {@link attach} */
  requireAttached(): void {
    if (!this.backends)
      throw new Error('An activity ran before the worker was started: run it by worker.run() or runUntil().');
  }

  /** @throws SelvageError `BackendsDiffer` if the client that started a run has other backends */
  async requireSameBackends(others: BackendIdentities | undefined): Promise<void> {
    if (others) await requireSameBackends(this.backends, others);
  }

  /** Puts the plans of all registered tapestries into the store, as a run of each would. */
  async saveRegisteredPlans(): Promise<void> {
    for (const [tapestry, plan] of this.registeredPlans()) await this.storePlan(tapestry, plan);
  }

  /** Puts the plans of a tapestry and its nested ones into the store, once per process. */
  async savePlan(tapestry: TapestryRecord): Promise<void> {
    if (this.savedPlans.has(this.registry.plan(tapestry).hash)) return;
    for (const [name, plan] of this.plansOf(tapestry)) {
      if (this.savedPlans.has(plan.hash)) continue;
      await this.storePlan(name, plan);
      this.savedPlans.add(plan.hash);
    }
  }

  private async storePlan(tapestry: string, { hash, text }: CompiledPlan): Promise<void> {
    await this.backends.tapestryStore.save({ hash, tapestry, text, savedAt: Date.now() });
  }

  private *registeredPlans(): Generator<NamedPlan> {
    for (const name of this.registry.tapestryNames) yield* this.plansOf(this.registry.tapestry(name)!);
  }

  /** The tapestry's own plan comes last, so that the store never has a plan before those that it names. */
  private *plansOf(tapestry: TapestryRecord): Generator<NamedPlan> {
    for (const named of [...withNested(tapestry)].reverse()) yield [named.name, this.registry.plan(named)];
  }

  get digest(): Sha256 {
    return currentScope()?.digest?.of ?? this.sha256;
  }

  /** A subject's values never enter a history, where forgetting its key could not remove them. */
  get inlineLimit(): number {
    return currentScope()?.subject === undefined ? this.ownInlineLimit : 0;
  }

  /** Commits records whose values are already stored. */
  async commitRecords<T>(made: readonly T[], recordOf: (made: T) => LineageRecord): Promise<void> {
    for (let first = 0; first < made.length; first += RECORDS_PER_COMMIT) {
      const since = performance.now();
      const records = made.slice(first, first + RECORDS_PER_COMMIT).map(recordOf);
      const results = await this.backends.runHistory.commit(records);
      this.counts?.committed(results, (performance.now() - since) / 1_000);
    }
  }
}
