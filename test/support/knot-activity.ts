import type { Info } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { ApplicationFailure, Logger } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { Registry, WorkerParts, createActivities } from '../../src/activities';
import { createInMemoryBackends, nodeSha256 } from '../../src/backends';
import { packHash } from '../../src/values';
import { packRanges } from '../../src/scheduler';
import { planOf } from '../../src/runtime';
import { createActivityInterceptors } from '../../src/activities/interceptors';
import type { KnotObserver } from '../../src/activities/observe';
import { knot, recordOf, tapestry, type KnotContext, type Tapestry } from '../../src/authoring';
import type { Backends, LineageRecord } from '../../src/ports';
import { SEGMENT_ACTIVITY, type KnotTask, type SegmentTask } from '../../src/workflows/messages';

export const RUN = { workflowId: 'run-1', runId: 'temporal-run-1' };

/** A tapestry of one knot, `knot`, with a test's body. */
export function one(body: (inputs: object, ctx: KnotContext) => unknown, options: object = {}): Tapestry {
  return tapestry('work', () => void knot('body', body)({}, { id: 'knot', ...options }));
}

export interface AttemptOptions {
  readonly attempt?: number;
  /** The heartbeat details of earlier attempts. */
  readonly heartbeatDetails?: unknown;
  /** Called at each heartbeat, in place of the server; the first one says that the body begins. Default: accepts. */
  readonly hear?: () => Promise<void>;
  readonly parents?: KnotTask['parents'];
  /** For a map whose elements have ended. */
  readonly map?: KnotTask['map'];
}

export interface SegmentAttemptOptions extends Omit<AttemptOptions, 'parents' | 'map'> {
  readonly parents?: SegmentTask['parents'];
}

/** A running attempt. */
export interface Attempt {
  readonly mock: MockActivityEnvironment;
  readonly answer: Promise<unknown>;
  /** The heartbeat details so far, for the next attempt. */
  readonly heartbeats: unknown[];
}

/** A worker without a server: it runs attempts of knots with the real interceptors and with backends in memory. */
export class KnotActivities {
  readonly warnings: string[] = [];
  private readonly environment: WorkerParts;
  private readonly interceptors: ReturnType<typeof createActivityInterceptors>;
  private readonly plan: ReturnType<typeof planOf>;

  private constructor(
    private readonly tapestry: Tapestry,
    readonly backends: Backends,
    observers: readonly KnotObserver[],
    registered: readonly Tapestry[],
    inlineLimit: number,
  ) {
    this.plan = planOf(recordOf(tapestry), nodeSha256);
    this.environment = new WorkerParts({
      registry: new Registry(
        registered.map((one) => recordOf(one)),
        nodeSha256,
      ),
      resources: {},
      identity: 'worker-1',
      inlineLimit,
      sha256: nodeSha256,
      observers,
    });
    this.environment.attach(backends);
    this.interceptors = createActivityInterceptors(this.environment);
  }

  /** A worker with the tapestries `registered` (default: this one) and this one's plan in its store. */
  static async of(
    tapestry: Tapestry,
    options: {
      backends?: Backends;
      observers?: readonly KnotObserver[];
      registered?: readonly Tapestry[];
      inlineLimit?: number;
    } = {},
  ): Promise<KnotActivities> {
    const { backends = createInMemoryBackends(), observers = [], registered = [tapestry] } = options;
    const made = new KnotActivities(tapestry, backends, observers, registered, options.inlineLimit ?? 2_048);
    const { hash, text } = made.plan;
    await backends.tapestryStore.save({ hash, text, tapestry: recordOf(tapestry).name, savedAt: 1 });
    return made;
  }

  start(knot: string, { parents = [], map, ...options }: AttemptOptions = {}): Attempt {
    const type = recordOf(this.tapestry).knots.get(knot)!.definition!.name;
    const task = { plan: packHash(this.plan.hash), parents, ...(map && { map }) };
    return this.attempt(type, knot, task, options);
  }

  /** Starts an attempt of a segment of these knots, and wants all of their values. */
  startSegment(knots: readonly string[], { parents = {}, ...options }: SegmentAttemptOptions = {}): Attempt {
    const plan = packHash(this.plan.hash);
    const wanted = packRanges(knots.keys());
    return this.attempt(SEGMENT_ACTIVITY, 'segment-1', { plan, knots, wanted, parents }, options);
  }

  private attempt(
    type: string,
    activityId: string,
    task: KnotTask | SegmentTask,
    { attempt = 1, heartbeatDetails, hear = () => Promise.resolve() }: AttemptOptions,
  ): Attempt {
    const activities = createActivities(this.environment, undefined);
    const info: Partial<Info> = {
      attempt,
      heartbeatDetails,
      activityType: type,
      activityId,
      scheduledTimestampMs: Date.now(),
      currentAttemptScheduledTimestampMs: Date.now(),
      taskQueue: 'selvage',
      workflowExecution: RUN,
    };
    const heartbeats: unknown[] = [];
    const heartbeat = async (_token: Uint8Array, details: unknown): Promise<void> => {
      await hear();
      heartbeats.push(details);
    };
    const mock = new MockActivityEnvironment(info, {
      client: {
        activity: { heartbeat },
        withAbortSignal: (_: AbortSignal, call: () => unknown) => call(),
      } as unknown as Client,
      interceptors: this.interceptors,
      logger: this.logger,
    });
    mock.on('heartbeat', (details) => heartbeats.push(details));
    const answer = mock.run((activities[type] ?? activities['default'])!, task);
    // The rejection is reported to the one who awaits it.
    answer.catch(() => undefined);
    return { mock, answer, heartbeats };
  }

  async run(knot: string, options?: AttemptOptions): Promise<unknown> {
    return await this.start(knot, options).answer;
  }

  /** The failure of an attempt, and its heartbeat details. */
  async failure(
    knot: string,
    options?: AttemptOptions,
  ): Promise<{ failure: ApplicationFailure; handedOn: unknown }> {
    return await failureOf(this.start(knot, options));
  }

  async record(knot: string): Promise<LineageRecord | undefined> {
    return (await this.backends.runHistory.getRecords(RUN.runId, [knot]))[0];
  }

  private get logger(): Logger {
    const ignore = (): void => undefined;
    return {
      log: ignore,
      trace: ignore,
      debug: ignore,
      info: ignore,
      error: ignore,
      warn: (message) => void this.warnings.push(message),
    };
  }
}

/** The failure of an attempt, and its heartbeat details. */
export async function failureOf({
  answer,
  heartbeats,
}: Attempt): Promise<{ failure: ApplicationFailure; handedOn: unknown }> {
  try {
    await answer;
  } catch (failure) {
    return { failure: failure as ApplicationFailure, handedOn: heartbeats.at(-1) };
  }
  throw new Error('The attempt did not fail.');
}
