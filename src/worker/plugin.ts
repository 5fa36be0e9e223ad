import { hostname } from 'node:os';
import { SimplePlugin } from '@temporalio/plugin';
import {
  Runtime,
  type BundleOptions,
  type ReplayWorkerOptions,
  type Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import {
  Registry,
  WorkerParts,
  createActivities,
  type ActivityLimits,
  type RecentValues,
} from '../activities';
import { HistoryClock, awayStores, describeStepBack, nodeSha256, openBackends } from '../backends';
import { serverIdentity } from '../connection/server-identity';
import { keepSettled } from '../connection/settle-runs';
import type { WorkerWatch } from '../connection/own-workers';
import { tellingPlugins } from '../connection/workers';
import { SelvageError } from '../errors';
import { hostNames, openHosts, type Said } from '../body-hosts';
import { DEFAULT_INLINE_LIMIT, chosenInlineLimit, type BodyHosts } from '../runtime';
import { createActivityInterceptors } from '../activities/interceptors';
import type { KnotObserver } from '../activities/observe';
import { bodyNames } from '../authoring/body-names';
import type { LoggerLike } from '../authoring/knot-context';
import { isTapestry, recordOf, type Resources, type Tapestry } from '../authoring';
import { BACKFILL, backfillTapestry } from '../backfills';
import { Deliveries, gatherEmitters } from '../deliveries';
import type { EmitterList } from '../emitters';
import type { Backends } from '../ports';
import { projectFolder } from '../node/project-folder';
import { encryptionFromEnvironment, type Encryption } from '../encryption/encryption';
import { sealingConverter } from '../encryption/payload-codec';
import { encryptionOf, requireReadable, sealBackends } from '../encryption/seal-backends';
import { WorkerBackfills } from './backfills';
import { requireSingleSdk } from './single-sdk';
import { checkBundle, interpreterSource, requireInterpreterIn } from './workflow-bundle';
import { inMilliseconds, type Duration } from '../values/duration';

const SHORTEST_LEASE_MS = 1_000;

/**
 * The SDK ends a workflow's step after 5 s by the clock. After such an end, Node ends the process if promises were
 * pending (nodejs/node#38503). On a busy machine, a step that computes for 50 ms may take so long. The interpreter has
 * no endless loop, and the server gives a step to another worker after 10 s. The SDK's types lack this option.
 */
const UNLIMITED_WORKFLOW_STEP = { isolateExecutionTimeout: 2 ** 31 - 1 };

/** The SDK's default number of concurrent activities. */
const SDK_SLOTS = 100;
/** Assumed number of slots if a tuner decides on slots. */
const TUNED_SLOTS = 10;

export interface SelvagePluginOptions {
  /** The tapestries that the worker can run. */
  readonly tapestries: readonly Tapestry<any, any>[];
  /** `ctx.resources` of all bodies. Default: empty. */
  readonly resources?: Resources & Record<string, unknown>;
  /** Stores that stay open when the worker ends. Default: stores opened from `SELVAGE_*` and closed with the worker. */
  readonly backends?: Backends;
  readonly observers?: readonly KnotObserver[];
  /**
   * Emitters for the runs of all tapestries, beside the tapestries' own. `false`: this worker delivers to no emitters,
   * not even to those. Default: the tapestries' own emitters.
   */
  readonly emitters?: EmitterList | false;
  /**
   * Receives bodies' `ctx.logger` lines, and the start and end of runs: a pino logger, or one of its shape,
   * `(fields, message)`. Default: bodies write to the logger of Temporal's runtime, and runs are not reported.
   */
  readonly logger?: LoggerLike;
  /**
   * Seals values in the data store and everything in Temporal's history, after your own codecs. `false`: seals
   * nothing. Clients and workers need the same keys. Default: the encryption of `backends`, else the keys of the
   * environment (`SELVAGE_KEYS`, `SELVAGE_KEY_FILE`), if there are any.
   */
  readonly encryption?: Encryption | false;
  /**
   * Maximum encoded bytes of a value in Temporal's history; 0 keeps all values out of it. Give all workers of a task
   * queue the same limit. Default: `SELVAGE_INLINE_LIMIT`, else 2,048.
   */
  readonly inlineLimit?: number;
  /**
   * Time after which a lost worker's places of a `maxConcurrent` are free again, and another process delivers to its
   * emitters. A worker that stalls for longer may lose its places while its bodies run. The time is at least a second.
   * Default 30 s, when the server, too, considers a worker lost; for emitters, 15 s.
   */
  readonly leaseTtl?: Duration;
  /** @internal Cache of values, shared by all workers of a client. Default: each worker's own cache. */
  readonly recentValues?: RecentValues;
  /** @internal The identity of `backends`' history, for the server's list of workers. */
  readonly runHistoryIdentity?: string | undefined;
  /** @internal Notified of the worker, for health and metrics. */
  readonly watch?: WorkerWatch;
  /**
   * @internal Default true. Of a client's workers, only the first settles running records and warns of backend
   * problems.
   */
  readonly isFirst?: boolean;
  /** @internal For tests. `scrub` does not find the slices of maps under other limits. */
  readonly activityLimits?: ActivityLimits;
}

/**
 * Makes a Temporal worker a Selvage worker: `Worker.create({ …, plugins: [selvage({ tapestries })] })`. On a client,
 * the same plugin seals payloads if there are keys, and does nothing else.
 *
 * @throws SelvageError (when the worker is made) `DuplicateTapestry`, `DuplicateDefinition`, `InvalidWorkerOptions`
 * (a name used by the user and by us), `DuplicateSdk`, or any of compiling a tapestry
 */
export function selvage(options: SelvagePluginOptions): SelvagePlugin {
  return new SelvagePlugin(options);
}

export class SelvagePlugin extends SimplePlugin {
  private readonly registry: Registry;
  private readonly encryption: Encryption | undefined;
  private readonly leaseTtl: number | undefined;
  private readonly backfills = new WorkerBackfills();
  private environment: WorkerParts | undefined;
  private hosts: Promise<BodyHosts | undefined> | undefined;
  private taskQueue = '';
  private slots = SDK_SLOTS;

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
    this.leaseTtl = leaseTtlOf(own.leaseTtl);
    const tapestries = own.tapestries.map((tapestry) => recordOf(tapestry));
    const isPartitioned = tapestries.some((tapestry) => tapestry.options.partition !== undefined);
    this.registry = new Registry(
      isPartitioned ? [...tapestries, recordOf(backfillTapestry(this.backfills))] : tapestries,
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
    if (options.workflowBundle) requireInterpreterIn(options.workflowBundle);
    const identity = options.identity ?? `${process.pid}@${hostname()}`;
    const environment = new WorkerParts({
      registry: this.registry,
      resources: this.own.resources ?? {},
      identity,
      inlineLimit: chosenInlineLimit(this.own.inlineLimit, process.env) ?? DEFAULT_INLINE_LIMIT,
      sha256: nodeSha256,
      leaseTtl: this.leaseTtl,
      recentValues: this.own.recentValues,
      activityLimits: this.own.activityLimits,
      cutShort: new Map([
        [BACKFILL, (runId, temporalRunId) => this.backfills.cutShort(runId, temporalRunId)],
      ]),
      ...(this.own.observers && { observers: this.own.observers }),
      ...(this.own.logger && { logger: this.own.logger }),
      counts: this.own.watch?.counts,
    });
    this.environment = environment;
    this.own.watch?.counts?.workerBegins(this.registry);
    this.taskQueue = options.taskQueue;
    // If a tuner assigns the slots, their number is unknown.
    this.slots = options.tuner ? TUNED_SLOTS : (options.maxConcurrentActivityTaskExecutions ?? SDK_SLOTS);
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
      // A worker reports the names of its plugins to the server.
      plugins: [
        ...(configured.plugins ?? []),
        ...tellingPlugins({
          bodyHosts: hostNames(this.registry.all, options.taskQueue),
          bodies: [...new Map(bodyNames(this.registry.all)).keys()],
          runHistory: this.own.runHistoryIdentity,
        }),
      ],
      activities: { ...Object.fromEntries(users), ...ours },
      ...(!options.workflowsPath && !options.workflowBundle && interpreterSource()),
      interceptors: {
        ...configured.interceptors,
        activity: [...(configured.interceptors?.activity ?? []), ...createActivityInterceptors(environment)],
      },
      ...UNLIMITED_WORKFLOW_STEP,
      maxHeartbeatThrottleInterval: options.maxHeartbeatThrottleInterval ?? 5_000,
      defaultHeartbeatThrottleInterval: options.defaultHeartbeatThrottleInterval ?? 5_000,
    };
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    const configured = super.configureReplayWorker(options);
    if (configured.workflowsPath || configured.workflowBundle) return configured;
    return { ...configured, ...interpreterSource() };
  }

  /** Checks the SDK's bundle of a `workflowsPath` before the worker uses it. */
  override configureBundler(options: BundleOptions): BundleOptions {
    const configured = super.configureBundler(options);
    const { webpackConfigHook = (config) => config } = configured;
    return {
      ...configured,
      webpackConfigHook: (config) => {
        const changed = webpackConfigHook(config);
        return { ...changed, plugins: [...(changed.plugins ?? []), { apply: checkBundle }] };
      },
    };
  }

  /**
   * Starts the body hosts that the tapestries name. Call this before the worker polls, to learn of the hosts' problems
   * before any work begins; else {@link runWorker} does.
   *
   * @param taskQueue of the worker, whose bodies the hosts call
   * @throws SelvageError `HostNotUsable`, `HostMismatch`, `InvalidConfig`; errors of loading the bodies
   */
  async openHosts(taskQueue: string): Promise<BodyHosts | undefined> {
    const said: Said = (host, line) => Runtime.instance().logger.info(line, { host });
    return await (this.hosts ??= openHosts(this.registry.all, said, taskQueue));
  }

  async closeHosts(): Promise<void> {
    const hosts = await this.hosts?.catch(() => undefined);
    await hosts?.close();
  }

  /** Opens the backends before the first task arrives and closes them after the last. */
  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    try {
      await this.work(worker, next);
    } finally {
      await this.closeHosts();
    }
  }

  private async work(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    const backends = await this.openBackends();
    const environment = this.environment!;
    const { client } = worker;
    const { isFirst = true } = this.own;
    const clock = new HistoryClock(backends.runHistory, ({ code, message }) => {
      if (isFirst) Runtime.instance().logger.warn(`${code}: ${message}`);
    });
    const [identity] = await Promise.all([client && serverIdentity(client.workflow), clock.ask()]);
    environment.attach(backends, identity, client, clock);
    if (client) {
      const { taskQueue, slots } = this;
      this.backfills.attach({ environment, client, taskQueue, slots, inlineLimit: this.own.inlineLimit });
    }
    const stop = new AbortController();
    const notSettled = (error: unknown): void => {
      if (stop.signal.aborted) return;
      Runtime.instance().logger.warn(
        `Runs on record could not be compared with the server: ${String(error)}`,
      );
    };
    let hasSteppedBack = false;
    const takeStepBack = (): boolean => {
      const was = hasSteppedBack;
      hasSteppedBack = false;
      return was;
    };
    backends.runHistory.onStepBack?.((step, isNews) => {
      if (isNews) Runtime.instance().logger.error(describeStepBack(step));
      hasSteppedBack = true;
      // The plans of new runs must be in the store before anybody looks for them.
      environment.saveRegisteredPlans().catch((error: unknown) => {
        Runtime.instance().logger.warn(`Plans could not be saved again: ${String(error)}`);
      });
    });
    const deliveries = await this.deliver(backends);
    const settling =
      client && isFirst
        ? keepSettled(backends, client.workflow, stop.signal, notSettled, takeStepBack)
        : undefined;
    try {
      environment.bodyHosts = await this.openHosts(this.taskQueue);
      if (environment.bodyHosts) this.own.watch?.hostsOpened?.(environment.bodyHosts);
      await requireReadable(backends);
      for (const { code, message } of isFirst ? awayStores(backends) : [])
        Runtime.instance().logger.warn(`${code}: ${message} What needs no value from there goes on.`);
      await super.runWorker(worker, next);
    } finally {
      stop.abort();
      await settling;
      await environment.begunSegments.close();
      await environment.commits.drain();
      await deliveries?.stop();
      if (!this.own.backends) await backends.close();
    }
  }

  private async deliver(backends: Backends): Promise<Deliveries | undefined> {
    const { tapestries, emitters: given } = this.own;
    if (given === false) return undefined;
    const emitters = gatherEmitters(tapestries, given);
    if (emitters.length === 0) return undefined;
    const logger = this.own.logger ?? runtimeLines();
    const { leaseTtl } = this;
    return await Deliveries.start({
      backends,
      emitters,
      logger,
      projectDir: projectFolder(),
      ...(leaseTtl !== undefined && { leaseTtl }),
    });
  }

  private async openBackends(): Promise<Backends> {
    const { encryption } = this;
    const { backends } = this.own;
    if (!backends) return await openBackends({ encryption: encryption ?? false });
    return encryption ? sealBackends(backends, encryption) : backends;
  }
}

/** Writes emitters' lines to the log of Temporal's runtime. */
function runtimeLines(): LoggerLike {
  const { logger } = Runtime.instance();
  const method =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void =>
      logger[level](message, { ...fields });
  return { debug: method('debug'), info: method('info'), warn: method('warn'), error: method('error') };
}

function encryptionOfPlugin({ encryption, backends }: SelvagePluginOptions): Encryption | undefined {
  if (encryption !== undefined) return encryption || undefined;
  return (backends && encryptionOf(backends)) ?? encryptionFromEnvironment();
}

/** A lease shorter than this would expire whenever the process is busy for a moment. */
function leaseTtlOf(given: Duration | undefined): number | undefined {
  const ttl = inMilliseconds(given);
  if (ttl === undefined) return undefined;
  if (typeof ttl === 'number' && Number.isSafeInteger(ttl) && ttl >= SHORTEST_LEASE_MS) return ttl;
  throw new SelvageError(
    'InvalidWorkerOptions',
    `\`leaseTtl\` of the selvage plugin is ${String(ttl)}. Give a whole number of milliseconds, ${SHORTEST_LEASE_MS} or more, a text such as "30s", or leave it out.`,
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
