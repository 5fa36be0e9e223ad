import type { Client } from '@temporalio/client';
import type { Sha256 } from '../canonical';
import {
  CachedValues,
  Limits,
  SLICE_LIMITS,
  SingleFlight,
  type Hashing,
  type SliceLimits,
} from '../execution';
import { GroupCommit } from '../backends';
import type { LoggerLike } from '../model/knot-context';
import type { Backends } from '../protocols';
import { currentScope } from '../sealing/run-scope';
import type { KnotObserver } from '../interceptors/activity';
import { BegunSegments } from './begun-segments';
import { CodeHashes } from './code-hashes';
import { SliceCache } from './map-slices';
import { PlanCache } from './plan-cache';
import { RecentValues } from './recent-values';
import { RunScopes } from './run-scopes';
import type { Registry } from './registry';
import { SEGMENT_LIMITS, type SegmentLimits } from './segment-limits';

/** How much one activity does. */
export interface ActivityLimits {
  readonly segment?: Partial<SegmentLimits>;
  readonly slices?: Partial<SliceLimits>;
}

export interface WorkerEnvironmentOptions {
  readonly registry: Registry;
  readonly resources: Readonly<Record<string, unknown>>;
  /** How records name this worker. */
  readonly identity: string;
  /** Encoded bytes up to which a value travels whole; 0: never. */
  readonly inlineLimit: number;
  /** Hashes documents and, of runs without a digest key, values. */
  readonly sha256: Sha256;
  /** Milliseconds after which a place of a limit that a lost worker had is free again. */
  readonly leaseTtl?: number | undefined;
  /** Where bodies write, and what is said of runs. Default: bodies write to Temporal's logger. */
  readonly logger?: LoggerLike;
  /** Hear of every attempt of a knot. Default: nobody. */
  readonly observers?: readonly KnotObserver[];
  /** What tests want otherwise than by default. */
  readonly activityLimits?: ActivityLimits | undefined;
}

interface Attached {
  readonly server: string | undefined;
  readonly backends: Backends;
  readonly commits: GroupCommit;
  readonly plans: PlanCache;
  readonly limits: Limits;
  readonly slices: SliceCache;
  readonly cachedValues: CachedValues;
  readonly singleFlight: SingleFlight;
  readonly scopes: RunScopes;
}

/**
 * All that activities and interceptors of one worker share. A Temporal worker is configured before anything may be opened,
 * so the backends are attached when it begins to run.
 */
export class WorkerEnvironment implements Hashing {
  readonly registry: Registry;
  readonly resources: Readonly<Record<string, unknown>>;
  readonly identity: string;
  readonly sha256: Sha256;
  readonly observers: readonly KnotObserver[];
  readonly logger: LoggerLike | undefined;
  readonly codeHashes: CodeHashes;
  readonly segmentLimits: SegmentLimits;
  readonly sliceLimits: SliceLimits;
  readonly recentValues = new RecentValues();
  readonly begunSegments = new BegunSegments();
  private readonly leaseTtl: number | undefined;
  private readonly ownInlineLimit: number;
  private attached: Attached | undefined;

  constructor(options: WorkerEnvironmentOptions) {
    this.registry = options.registry;
    this.resources = options.resources;
    this.identity = options.identity;
    this.ownInlineLimit = options.inlineLimit;
    this.sha256 = options.sha256;
    this.leaseTtl = options.leaseTtl;
    this.observers = options.observers ?? [];
    this.logger = options.logger;
    this.segmentLimits = { ...SEGMENT_LIMITS, ...options.activityLimits?.segment };
    this.sliceLimits = { ...SLICE_LIMITS, ...options.activityLimits?.slices };
    this.codeHashes = new CodeHashes(options.sha256);
  }

  /**
   * @param server how run records name the server that this worker polls; undefined where it cannot be told
   * @param client asked for whom a run works of which there is no record
   */
  attach(backends: Backends, server?: string, client?: Pick<Client, 'workflow'>): void {
    this.attached = {
      server,
      backends,
      commits: new GroupCommit(backends),
      plans: new PlanCache(backends.tapestryStore),
      limits: new Limits(backends.leaseTable, this.leaseTtl),
      slices: new SliceCache(backends.dataStore, this.recentValues),
      cachedValues: new CachedValues(backends, Date.now),
      singleFlight: new SingleFlight(backends.leaseTable, this.leaseTtl),
      scopes: new RunScopes(backends, client),
    };
  }

  /** Hashes the values of the run that this is for. */
  get digest(): Sha256 {
    return currentScope()?.digest?.of ?? this.sha256;
  }

  /** Encoded bytes up to which a value travels whole. Values of a subject are in no history, where its key could not be taken from them. */
  get inlineLimit(): number {
    return currentScope()?.subject === undefined ? this.ownInlineLimit : 0;
  }

  /** For whom runs work, and what they hash their values with. */
  get scopes(): RunScopes {
    return this.open.scopes;
  }

  get server(): string | undefined {
    return this.open.server;
  }

  get backends(): Backends {
    return this.open.backends;
  }

  /** Where single commits go, to be written in groups. */
  get commits(): GroupCommit {
    return this.open.commits;
  }

  get plans(): PlanCache {
    return this.open.plans;
  }

  get limits(): Limits {
    return this.open.limits;
  }

  get slices(): SliceCache {
    return this.open.slices;
  }

  /** What other knots have made, by what it was made of. */
  get cachedValues(): CachedValues {
    return this.open.cachedValues;
  }

  /** Who makes a value that others can reuse. */
  get singleFlight(): SingleFlight {
    return this.open.singleFlight;
  }

  private get open(): Attached {
    if (!this.attached)
      throw new Error('An activity ran before the worker was started: run it by worker.run() or runUntil().');
    return this.attached;
  }
}
