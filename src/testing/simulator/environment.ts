import { CrashSuspects } from '../../activities/crash-suspects';
import { Slice } from '../../activities/map-slices';
import type { RecentValues } from '../../activities/recent-values';
import { SEGMENT_LIMITS } from '../../activities/segment-limits';
import { BodyTraces } from '../../adapters/open-telemetry/body-traces';
import type { WorkerEnvironment } from '../../activities/worker-environment';
import { mapOfElement } from '../../authoring/element-id';
import {
  CachedValues,
  DEFAULT_INLINE_LIMIT,
  SLICE_LIMITS,
  superviseBody,
  type LimitedCall,
  type LoadedPlan,
} from '../../runtime';
import type { KnotContext } from '../../authoring/knot-context';
import type { DefinitionRecord, KnotBody } from '../../authoring/records';
import { nodeSha256 } from '../../node-sha256';
import type { Commit, CommitResult, StoredValue } from '../../ports';
import type { Sha256 } from '../../values';
import type { Attempt } from './attempt';
import { standIn, type PresentBody } from './bodies';
import type { SimulatedRun } from './run';

const silent = (): void => {};
export const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

/** What one process of workers knows, until it is killed. */
export class Process {
  readonly crashSuspects = new CrashSuspects();
  readonly recentValues: Pick<RecentValues, 'add' | 'get'> = new Recent();
}

class Recent {
  private readonly values = new Map<string, Uint8Array>();

  add({ hash, bytes }: StoredValue): void {
    this.values.set(hash, bytes);
  }

  get(hash: string): Uint8Array | undefined {
    return this.values.get(hash);
  }
}

/** What the activities of a worker share, where all but what they do themselves is simulated. */
export class SimulatedEnvironment {
  constructor(
    protected readonly run: SimulatedRun,
    private readonly process: Process,
  ) {}

  get crashSuspects(): CrashSuspects {
    return this.process.crashSuspects;
  }

  get recentValues(): Process['recentValues'] {
    return this.process.recentValues;
  }

  /** As activities know it. */
  get asWorker(): WorkerEnvironment {
    return this as unknown as WorkerEnvironment;
  }

  get resources(): Readonly<Record<string, unknown>> {
    return this.run.world.setting.resources;
  }

  get plans(): { get(hash: string): Promise<LoadedPlan> } {
    return { get: (hash) => Promise.resolve(this.run.plan(hash)) };
  }

  get slices(): { get(hash: string, map: string): Promise<Slice> } {
    const { data } = this.run.world.ledger.store;
    return { get: (hash, map) => Slice.read(hash, map, data, this.recentValues as RecentValues) };
  }

  get digest(): Sha256 {
    return this.run.world.setting.digest;
  }

  get backends(): object {
    return this.run.world.backends;
  }

  get cachedValues(): CachedValues {
    return new CachedValues(this.backends as never, CLOCK.now);
  }

  /** Backoffs are not waited for. */
  wait(): Promise<void> {
    return Promise.resolve();
  }
}

const CLOCK = { now: (): number => 0 };

// The same for all, and so not made for each.
Object.assign(SimulatedEnvironment.prototype, {
  identity: 'simulated',
  sha256: nodeSha256,
  inlineLimit: DEFAULT_INLINE_LIMIT,
  observers: [],
  logger: SILENT,
  sliceLimits: SLICE_LIMITS,
  segmentLimits: { ...SEGMENT_LIMITS, workingMs: Infinity },
  begunSegments: { takeOver: silent },
  clock: CLOCK,
  // Simulated runs belong to no trace.
  traces: new BodyTraces(() => Promise.resolve(undefined)),
});

interface AttemptedDefinition extends DefinitionRecord {
  readonly codeHash: string;
}

/** That of one attempt: what it does can be struck at each boundary. */
export class AttemptEnvironment extends SimulatedEnvironment {
  constructor(private readonly attempt: Attempt) {
    super(attempt.activity.run, attempt.process);
  }

  get registry(): object {
    const { bodies } = this.run;
    return {
      definition: (_: string, knot: string, name: string, version: string | undefined) =>
        this.attempted(bodies.of(knot, name, version)),
      registered: (name: string, version: string | undefined) => bodies.definitions.registered(name, version),
    };
  }

  get limits(): object {
    return {
      run: <T>({ policy: { maxConcurrent }, knotId }: LimitedCall, body: () => Promise<T>) =>
        // A turn under a rate comes at once: time is simulated.
        maxConcurrent
          ? this.attempt.inLine(`limit:${maxConcurrent.key}`, maxConcurrent.limit, knotId, body)
          : body(),
    };
  }

  get singleFlight(): object {
    return {
      run: <T>({ cacheKey, knotId }: { cacheKey: string; knotId: string }, make: () => Promise<T>) =>
        this.attempt.inLine(`cache:${cacheKey}`, 1, knotId, make),
    };
  }

  get commits(): object {
    return { commit: (commit: Commit) => this.commit(commit) };
  }

  get codeHashes(): object {
    return CODE_HASHES;
  }

  private async commit({ record, values }: Commit): Promise<CommitResult> {
    const { attempt, run } = this;
    const { world } = run;
    const knot = record.knot_id;
    if (record.outcome === 'ok') {
      await attempt.gate('put', knot);
      world.ledger.put(values);
    }
    await attempt.gate('record', knot);
    if (attempt.hasCalled(knot)) world.setting.outputs?.require(run, record);
    return world.ledger.insert(record, attempt, world.steps);
  }

  private attempted({ definition, codeHash }: PresentBody): AttemptedDefinition {
    const body: KnotBody = (inputs, context) => this.call(definition, inputs as object, context);
    // A body that is never reused has no hash, whatever the type says.
    return { ...definition, body, codeHash: codeHash as string };
  }

  private async call({ body }: DefinitionRecord, inputs: object, context: KnotContext): Promise<unknown> {
    const { attempt, run } = this;
    const { world, bodies, subject } = run;
    const { knotId } = context;
    world.ledger.requireMayRun(run.id, knotId, attempt, attempt.begunAt);
    attempt.noteCall(knotId);
    const call = world.countCall();
    const map = mapOfElement(knotId);
    const knot = subject.plan.knot(map ?? knotId);
    if (bodies.areReal) {
      const { timeout } = bodies.policyOf(map ?? knotId);
      const end = await world.call(async () => {
        if (attempt.activity.waitFailure) throw attempt.activity.waitFailure;
        if (timeout === undefined) return await body(inputs, context);
        // Only what the body does takes time, and not what it waits for here.
        const supervision = { knotId, cancel: context.signal, cancelGrace: 0, timeout };
        const within = (signalOf: () => AbortSignal): Promise<unknown> =>
          Promise.resolve(body(inputs, Object.create(context, { signal: { get: signalOf } }) as KnotContext));
        return await superviseBody(within, supervision);
      });
      await attempt.gate('return', knotId, 'value' in end ? knot.policy.retry : undefined);
      if ('value' in end) return end.value;
      throw end.error;
    }
    const isFailing = world.isFailing(run, knotId);
    await attempt.gate('return', knotId, isFailing ? undefined : knot.policy.retry);
    if (isFailing) throw new ScheduledFailure(knotId);
    const { iteration } = attempt.activity;
    return standIn({ subject, knot: map === undefined ? knot : { ...knot, policy: {} }, iteration, call });
  }
}

const CODE_HASHES = { of: (definition: AttemptedDefinition): string => definition.codeHash };

class ScheduledFailure extends Error {
  override readonly name = 'ScheduledFailure';
  /** Nobody reads it, and writing it out is slow. */
  override readonly stack = '';

  constructor(knot: string) {
    super(`The schedule lets "${knot}" fail`);
  }
}
