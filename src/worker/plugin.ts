import { hostname } from 'node:os';
import { SimplePlugin } from '@temporalio/plugin';
import { Runtime, type ReplayWorkerOptions, type Worker, type WorkerOptions } from '@temporalio/worker';
import { Registry, WorkerEnvironment, createActivities, type ActivityLimits } from '../activities';
import { nodeSha256, openBackends } from '../backends';
import { reconcileRunning } from '../client/reconcile';
import { serverIdentity } from '../client/server-identity';
import { SelvageError } from '../errors';
import { DEFAULT_INLINE_LIMIT, chosenInlineLimit } from '../execution';
import { createActivityInterceptors, type KnotObserver } from '../interceptors/activity';
import type { LoggerLike } from '../model/knot-context';
import { isTapestry, recordOf, type Resources, type Tapestry } from '../model';
import type { Backends } from '../protocols';
import { encryptionFromEnvironment, type Encryption } from '../sealing/encryption';
import { sealingConverter } from '../sealing/payload-codec';
import { encryptionOf, requireReadable, sealBackends } from '../sealing/seal-backends';
import { requireSingleSdk } from './single-sdk';
import { interpreterSource } from './workflow-bundle';

const SHORTEST_LEASE_MS = 1_000;

export interface SelvagePluginOptions {
  /** What the worker can run. */
  readonly tapestries: readonly Tapestry<any, any>[];
  /** `ctx.resources` of all bodies. */
  readonly resources?: Resources & Record<string, unknown>;
  /** Stores that stay open when the worker ends. Default: opened from `SELVAGE_*` and closed with the worker. */
  readonly backends?: Backends;
  readonly observers?: readonly KnotObserver[];
  /**
   * Where bodies write by `ctx.logger`, and where runs that begin and end are told of: a logger of pino, or one of its shape, `(fields, message)`.
   * Default: bodies write to the logger of Temporal's runtime, and nothing is said of runs.
   */
  readonly logger?: LoggerLike;
  /**
   * Seals values in the data store and what goes into Temporal's history, behind the codecs that worker or client have themselves; `false`: nothing
   * is sealed. Clients and workers need the same keys. Default: what `backends` are sealed with, else the keys of the environment (`SELVAGE_KEYS`,
   * `SELVAGE_KEY_FILE`), if it has any.
   */
  readonly encryption?: Encryption | false;
  /**
   * Encoded bytes up to which a value is carried in Temporal's history; 0 keeps all values out of it. All workers of a task queue are to have
   * the same. Default: `SELVAGE_INLINE_LIMIT`, else 2,048.
   */
  readonly inlineLimit?: number;
  /**
   * Milliseconds after which what a lost worker held of a `maxConcurrent` is free again. A worker that stands still for longer may have its
   * places taken while its bodies run. At least 1,000; default 30,000, after which the server takes a worker for lost, too.
   */
  readonly leaseTtl?: number;
  /** @internal Whether the worker compares the runs on record with the server when it starts. Of several workers of a client, the first does. Default true. */
  readonly reconcile?: boolean;
  /** @internal For tests: how much one activity does. What a map was taken apart into by other limits, `scrub` does not find. */
  readonly activityLimits?: ActivityLimits;
}

/**
 * Makes a Temporal worker a Selvage worker: `Worker.create({ …, plugins: [selvage({ tapestries })] })`. The same plugin on
 * a client seals payloads where there are keys, and does nothing else.
 *
 * @throws SelvageError (when the worker is made) `DuplicateTapestry`, `DuplicateDefinition`, `InvalidWorkerOptions` (a name used by the user
 *   and by us), `DuplicateSdk`, or any of compiling a tapestry
 */
export function selvage(options: SelvagePluginOptions): SelvagePlugin {
  return new SelvagePlugin(options);
}

export class SelvagePlugin extends SimplePlugin {
  private readonly registry: Registry;
  private readonly encryption: Encryption | undefined;
  private environment: WorkerEnvironment | undefined;

  constructor(private readonly own: SelvagePluginOptions) {
    const encryption = encryptionOfPlugin(own);
    super({
      name: 'selvage',
      ...(encryption && { dataConverter: (converter) => sealingConverter(converter, encryption) ?? {} }),
    });
    this.encryption = encryption;
    requireSingleSdk();
    for (const tapestry of own.tapestries) {
      if (isTapestry(tapestry)) continue;
      throw new SelvageError(
        'InvalidWorkerOptions',
        `\`tapestries\` of the selvage plugin has an element that is no tapestry (${typeof tapestry}). Give what tapestry() returned.`,
      );
    }
    requireLeaseTtl(own.leaseTtl);
    this.registry = new Registry(
      own.tapestries.map((tapestry) => recordOf(tapestry)),
      nodeSha256,
    );
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    if (this.environment) {
      throw new SelvageError(
        'InvalidWorkerOptions',
        'One selvage plugin was given to two workers. Call selvage({ … }) for each worker.',
      );
    }
    const identity = options.identity ?? `${process.pid}@${hostname()}`;
    const environment = new WorkerEnvironment({
      registry: this.registry,
      resources: this.own.resources ?? {},
      identity,
      inlineLimit: chosenInlineLimit(this.own.inlineLimit, process.env) ?? DEFAULT_INLINE_LIMIT,
      sha256: nodeSha256,
      leaseTtl: this.own.leaseTtl,
      activityLimits: this.own.activityLimits,
      ...(this.own.observers && { observers: this.own.observers }),
      ...(this.own.logger && { logger: this.own.logger }),
    });
    this.environment = environment;
    const users = activityMap(options.activities);
    const ours = createActivities(environment, users.get('default'));
    for (const name of users.keys()) {
      if (name === 'default' || !Object.hasOwn(ours, name)) continue;
      throw new SelvageError(
        'InvalidWorkerOptions',
        `The activity "${name}" of this worker has the name of a knot definition. Rename one of them.`,
        { details: { activity: name } },
      );
    }
    const configured = super.configureWorker(options);
    return {
      ...configured,
      identity,
      activities: { ...Object.fromEntries(users), ...ours },
      ...(!options.workflowsPath && !options.workflowBundle && interpreterSource()),
      interceptors: {
        ...configured.interceptors,
        activity: [...(configured.interceptors?.activity ?? []), ...createActivityInterceptors(environment)],
      },
      maxHeartbeatThrottleInterval: options.maxHeartbeatThrottleInterval ?? 5_000,
      defaultHeartbeatThrottleInterval: options.defaultHeartbeatThrottleInterval ?? 5_000,
    };
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    const configured = super.configureReplayWorker(options);
    if (configured.workflowsPath || configured.workflowBundle) return configured;
    return { ...configured, ...interpreterSource() };
  }

  /** Opens the backends before the first task comes and closes them after the last. */
  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    const backends = await this.openBackends();
    const environment = this.environment!;
    const { client } = worker;
    environment.attach(backends, client && (await serverIdentity(client.workflow)), client);
    const stop = new AbortController();
    const { reconcile = true } = this.own;
    const reconciled =
      client && reconcile
        ? reconcileRunning(backends, client.workflow, stop.signal).catch((error: unknown) => {
            Runtime.instance().logger.warn(
              `Runs on record could not be compared with the server: ${String(error)}`,
            );
          })
        : undefined;
    try {
      await requireReadable(backends);
      await super.runWorker(worker, next);
    } finally {
      stop.abort();
      await reconciled;
      await environment.begunSegments.close();
      await environment.commits.drain();
      if (!this.own.backends) await backends.close();
    }
  }

  private async openBackends(): Promise<Backends> {
    const { encryption } = this;
    const { backends } = this.own;
    if (!backends) return await openBackends({ encryption: encryption ?? false });
    return encryption ? sealBackends(backends, encryption) : backends;
  }
}

function encryptionOfPlugin({ encryption, backends }: SelvagePluginOptions): Encryption | undefined {
  if (encryption !== undefined) return encryption || undefined;
  return (backends && encryptionOf(backends)) ?? encryptionFromEnvironment();
}

/** A lease that is shorter would run out whenever the process is busy for a moment. */
function requireLeaseTtl(ttl: number | undefined): void {
  if (ttl === undefined || (Number.isSafeInteger(ttl) && ttl >= SHORTEST_LEASE_MS)) return;
  throw new SelvageError(
    'InvalidWorkerOptions',
    `\`leaseTtl\` of the selvage plugin is ${String(ttl)}. Give a whole number of milliseconds, ${SHORTEST_LEASE_MS} or more, or leave it out.`,
  );
}

type UserActivity = (...args: any[]) => Promise<unknown>;

/** Activities may be given as an object or as an instance of a class. */
function activityMap(activities: object | undefined): Map<string, UserActivity> {
  const found = new Map<string, UserActivity>();
  for (
    let level = activities;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | undefined
  ) {
    for (const name of Object.getOwnPropertyNames(level)) {
      const value = (activities as Record<string, unknown>)[name];
      if (name === 'constructor' || typeof value !== 'function' || found.has(name)) continue;
      found.set(name, value.bind(activities) as UserActivity);
    }
  }
  return found;
}
