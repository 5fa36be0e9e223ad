import { BegunSegments } from '../../activities/begun-segments';
import { CrashSuspects } from '../../activities/crash-suspects';
import { Slice } from '../../activities/map-slices';
import { SEGMENT_LIMITS } from '../../activities/segment-limits';
import { BodyTraces } from '../../adapters/open-telemetry/body-traces';
import type { Uses, WorkerParts } from '../../activities/worker-parts';
import { mapOfElement } from '../../authoring/element-id';
import {
  CachedValues,
  DEFAULT_INLINE_LIMIT,
  SILENT,
  SLICE_LIMITS,
  superviseBody,
  type ValuesAtHand,
} from '../../runtime';
import type { KnotContext } from '../../authoring/knot-context';
import type { DefinitionRecord, KnotBody } from '../../authoring/records';
import { nodeSha256 } from '../../node/node-sha256';
import type { Commit, CommitResult } from '../../ports';
import type { Sha256 } from '../../values';
import type { Attempt } from './attempt';
import { standIn, type PresentBody } from './bodies';
import type { SimulatedRun } from './run';

type Part<Name extends keyof WorkerParts> = Uses<Name>[Name];

/** Time stands still, but for clocks that are put back. */
export const BEGINNING = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

/** The state of one worker process, until it is killed. */
export class Process {
  readonly crashSuspects = new CrashSuspects();
  private readonly recent = new Map<string, Uint8Array>();
  readonly recentValues: ValuesAtHand = {
    get: (hash) => this.recent.get(hash),
    add: ({ hash, bytes }) => void this.recent.set(hash, bytes),
  };
  private time = BEGINNING;
  readonly clock = { now: (): number => this.time };

  putBack(): void {
    this.time -= HOUR_MS;
  }
}

/** A worker's parts for the activities under test; everything else is simulated. */
export class SimulatedEnvironment {
  readonly identity = 'simulated';
  readonly sha256 = nodeSha256;
  readonly inlineLimit = DEFAULT_INLINE_LIMIT;
  readonly observers = [];
  readonly logger = SILENT;
  readonly server = undefined;
  readonly cutShort = NO_HOOKS;
  readonly sliceLimits = SLICE_LIMITS;
  readonly segmentLimits = LIMITS;
  readonly begunSegments = NO_SEGMENTS;
  readonly traces = NO_TRACES;

  constructor(
    protected readonly run: SimulatedRun,
    private readonly process: Process,
  ) {}

  get crashSuspects(): CrashSuspects {
    return this.process.crashSuspects;
  }

  get clock(): Process['clock'] {
    return this.process.clock;
  }

  get recentValues(): Process['recentValues'] {
    return this.process.recentValues;
  }

  get resources(): Readonly<Record<string, unknown>> {
    return this.run.world.setting.resources;
  }

  get plans(): Part<'plans'> {
    const { run } = this;
    return {
      get: (hash) => Promise.resolve(run.plan(hash)),
      keep: () => Promise.resolve(),
      layout: () => Promise.resolve(run.subject.aligned),
      layoutSlices: () => Promise.resolve(run.subject.slices),
    };
  }

  get registry(): Part<'registry'> {
    const { bodies } = this.run;
    return {
      definition: (_, knot, name, version) => this.present(bodies.of(knot, name, version)),
      registered: (name, version) => bodies.definitions.registered(name, version),
      tapestry: () => bodies.subject.tapestry,
    };
  }

  get slices(): Part<'slices'> {
    return { get: (hash, map) => Slice.read(hash, map, this) };
  }

  get digest(): Sha256 {
    return this.run.world.setting.digest;
  }

  get backends(): Part<'backends'> {
    return this.run.world.backends;
  }

  get cachedValues(): CachedValues {
    return new CachedValues(this.backends, this.clock.now);
  }

  /** A simulated backoff takes no time. */
  wait(): Promise<void> {
    return Promise.resolve();
  }

  /** There is one set of backends. */
  requireSameBackends(): Promise<void> {
    return Promise.resolve();
  }

  // A body that is never reused has no code hash, despite the type.
  protected present({ definition, codeHash }: PresentBody): PresentDefinition {
    return { ...definition, codeHash: codeHash as string };
  }
}

const NO_HOOKS: WorkerParts['cutShort'] = new Map();
const NO_SEGMENTS = new BegunSegments();
const LIMITS = { ...SEGMENT_LIMITS, workingMs: Infinity };
const NO_TRACES = new BodyTraces(() => Promise.resolve(undefined));

interface PresentDefinition extends DefinitionRecord {
  readonly codeHash: string;
}

/** The environment of one attempt, which can be struck at each boundary. */
export class AttemptEnvironment extends SimulatedEnvironment {
  constructor(private readonly attempt: Attempt) {
    super(attempt.activity.run, attempt.process);
  }

  get limits(): Part<'limits'> {
    return {
      run: ({ policy: { maxConcurrent }, knotId }, body) =>
        // A turn under a rate limit comes at once: time is simulated.
        maxConcurrent
          ? this.attempt.inLine(`limit:${maxConcurrent.key}`, maxConcurrent.limit, knotId, body)
          : body(),
    };
  }

  get singleFlight(): Part<'singleFlight'> {
    return {
      run: ({ cacheKey, knotId }, make) => this.attempt.inLine(`cache:${cacheKey}`, 1, knotId, make),
    };
  }

  get commits(): Part<'commits'> {
    return { commit: (commit) => this.commit(commit) };
  }

  get codeHashes(): Part<'codeHashes'> {
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

  protected override present(present: PresentBody): PresentDefinition {
    const body: KnotBody = (inputs, context) => this.call(present.definition, inputs as object, context);
    return { ...super.present(present), body };
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
        // Only a body's own work takes time; its waits in the simulator do not.
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
    const decision = world.setting.areDecisionsRepeatable ? subject.plan.indexOf(knot.id) : call;
    const stood = map === undefined ? knot : { ...knot, policy: {} };
    return standIn({ subject, knot: stood, iteration, call, decision });
  }
}

const CODE_HASHES = { of: (definition: PresentDefinition): string => definition.codeHash };

class ScheduledFailure extends Error {
  override readonly name = 'ScheduledFailure';
  /** The error has no stack, as stacks are unused, and slow to format. */
  override readonly stack = '';

  constructor(knot: string) {
    super(`The schedule lets "${knot}" fail`);
  }
}
