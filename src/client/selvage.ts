import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  type Connection,
  type ConnectionOptions,
  type DataConverter,
  type WorkflowHandle,
} from '@temporalio/client';
import type { WorkerOptions } from '@temporalio/worker';
import { encodeJson, hashJson, hashText, type Json } from '../canonical';
import { clockTrouble, identitiesOf, nodeSha256, openBackends } from '../backends';
import {
  HOLD_BYTES,
  encodeLayout,
  layoutOf,
  readFragment,
  requireLoadable,
  taskQueueOf,
  taskQueuesOf,
  type Layout,
  type Plan,
} from '../engine';
import { SelvageError, type ErrorReason, type ParameterProblem } from '../errors';
import {
  chosenInlineLimit,
  planOf,
  validateParameters,
  withNested,
  type LoadedPlan,
  type PlanOfTapestry,
} from '../execution';
import type { KnotObserver } from '../interceptors/activity';
import type { LoggerLike } from '../model/knot-context';
import { recordOf, type Fragment, type Resources, type Tapestry, type TapestryRecord } from '../model';
import { encryptionFromEnvironment, type Encryption } from '../sealing/encryption';
import { sealingConverter } from '../sealing/payload-codec';
import type { ValueDigest } from '../sealing/digests';
import { digestOf, digestsOf, encryptionOf, sealBackends, subjectOf } from '../sealing/seal-backends';
import { withSubject } from '../sealing/run-scope';
import type { Backends, LineageQuery, LineageRecord, Page, RunQuery, RunRecord } from '../protocols';
import { projectFolder } from '../project-folder';
import { EmbeddedServer, type EmbeddedServerOptions } from '../server';
import { MEMO_KEY, type RunMemo } from '../workflows/messages';
import { runLimits, type RunLimits } from '../workflows/run-limits';
import { notConnected, requireNamespace, unreachable } from './connection-errors';
import {
  diffRuns,
  explainCache,
  impact,
  resolveHash,
  why,
  type CacheExplanation,
  type Impact,
  type ImpactOptions,
  type Origin,
  type RunDifference,
  type WhyOptions,
} from '../lineage';
import {
  collectGarbage,
  planScrub,
  prune,
  scrub,
  type GarbageOptions,
  type GarbageReport,
  type OpenRuns,
  type PruneOptions,
  type PruneReport,
  type ScrubOptions,
  type ScrubPlan,
  type ScrubSelection,
  type Scrubbed,
} from '../retention';
import { currentActor, currentCommit } from './provenance';
import { readResumable } from './read-resumable';
import { reconcileRun, reconcileRunning } from './reconcile';
import { unbegunRuns } from './unbegun-run';
import { pageLimit } from '../adapters/shared/pages';
import {
  followExtensions,
  requireSubscribable,
  type Followed,
  type FollowOptions,
} from './follow-extensions';
import { openConnection } from './open-connection';
import { openRuns } from './open-runs';
import { parametersToSend } from './parameters-to-send';
import { Pollers } from './pollers';
import { RunHandle, type Attached } from './run-handle';
import { PlanFinder, requireSameWork, workOfRecord, type WorkOfRun } from './same-work';
import { unlessLost } from './unless-lost';
import type { SelvagePluginOptions } from '../worker/plugin';
import type { WorkersBeside } from '../worker/worker-beside';
import { chosenServer, type ServerChoice } from './server-address';

export interface ConnectOptions extends ServerChoice {
  /** Stores that stay open on `close()`. Default: opened from `SELVAGE_*`, else the project's own. */
  readonly backends?: Backends;
  /** Task queue of all runs and workers of this client. Default: that of each tapestry (its option `queue`, else `selvage/<name>`). */
  readonly taskQueue?: string;
  /**
   * The folder whose `.selvage` holds the embedded server and the default backends. Default: the nearest folder that has one, from the working
   * directory up to the first with a `.git` and short of the home folder; else the working directory.
   */
  readonly projectDir?: string;
  /** Whether the embedded server survives power cuts, too. Default false. */
  readonly durable?: boolean;
  /** The port of the embedded server. Default: the one used last in this project if it is free, else a free one. */
  readonly port?: number;
  /**
   * Encoded bytes up to which a value that this client sends, and one that its worker makes, is carried in Temporal's history: larger parameters
   * and payloads of signals go into the data store and travel by reference. 0 keeps all values out. Give workers the same. Default:
   * `SELVAGE_INLINE_LIMIT`, else all parameters travel as they are, and values up to 2,048.
   */
  readonly inlineLimit?: number;
  /**
   * Seals values in the data store and what goes into Temporal's history; `false`: nothing is sealed. Default: what the backends that were given
   * are sealed with, else the keys of the environment (`SELVAGE_KEYS`, `SELVAGE_KEY_FILE`), if it has any.
   */
  readonly encryption?: Encryption | false;
  /** Of Temporal's client, and of the worker of `open`. Codecs of your own are applied before payloads are sealed. */
  readonly dataConverter?: DataConverter;
  /**
   * Hears of what takes a while (an installation of the server) and of what is wrong. With {@link Selvage.open} bodies write to it by `ctx.logger`, it is told
   * of runs that begin and end, and Temporal's SDK warns by it. A logger of pino, or one of its shape, `(fields, message)`. Default: what bodies say from `info`
   * on, and warnings of the SDK, are lines on stderr; nothing is ever written to stdout.
   */
  readonly logger?: LoggerLike;
  /** @internal Like `logger`, for the command line, which has a place of its own for what takes a while. */
  readonly log?: (message: string) => void;
  /** @internal Of the runs that this client starts, for tests: what is to be other than by default. */
  readonly runLimits?: Partial<RunLimits>;
}

/** Of a client with a worker in the same process. */
export interface OpenOptions extends ConnectOptions {
  /** What the worker can run. */
  readonly tapestries: readonly Tapestry<any, any>[];
  /** `ctx.resources` of the bodies. */
  readonly resources?: Resources & Record<string, unknown>;
  readonly observers?: readonly KnotObserver[];
  /** Of the Temporal worker, such as `workflowBundle`, `identity` or `maxCachedWorkflows`; they override the tuned defaults. */
  readonly workerOptions?: Omit<WorkerOptions, 'taskQueue' | 'connection' | 'namespace'>;
  /** @internal The task queues that its worker polls from the beginning; {@link Selvage.work} adds others. Default: those of the client's runs. */
  readonly workOn?: readonly string[];
  /** @internal As of a worker. */
  readonly activityLimits?: SelvagePluginOptions['activityLimits'];
}

interface BeginOptions {
  /** Default: the tapestry's name and a random part. */
  readonly runId?: string;
  /**
   * What a run id that is in use means: `refuse` (default): `RunIdInUse`; `attach`: a handle of the run that has it, if its plan
   * and parameters are the same, else `RunIdInUse`.
   */
  readonly ifExists?: 'refuse' | 'attach';
  readonly tags?: readonly string[];
  /** Default: {@link currentActor}. */
  readonly actor?: string;
  readonly taskQueue?: string;
  /** Default: of the git checkout in the project's folder. */
  readonly vcsCommit?: string;
  /**
   * For whom the run works: a text that stands for one person or customer. All that is stored for the run, and for those that its knots start, is
   * sealed with a key of its own, and `selvage forget` makes it unreadable for good; no value of it goes into Temporal's history. Needs
   * encryption. It is in the run's record and in the server's memo, so it should be no name. Of a resumed run, that of the run it goes on from.
   * Default: none.
   */
  readonly subject?: string;
  /**
   * When the run is to be over: a point in time, or milliseconds from now. A run that has not ended by then is told to stop as by
   * a cancel, skips the rest, and is recorded as failed with `DeadlineExceeded`. Holds for the whole run, across crashes and
   * times without a worker. A run that is attached to keeps its own. Default: none.
   */
  readonly deadline?: Date | number;
  /**
   * Whether knots with the option `cache` take values that other runs have made. With `false` all bodies run, and what they make is there
   * for others. Default true.
   */
  readonly reuse?: boolean;
}

export interface StartOptions extends BeginOptions {
  /** Names or knot ids; only what they need runs. Default: the tapestry's terminals. */
  readonly terminals?: readonly string[];
  /** What starts the run. Default `code`. */
  readonly trigger?: string;
  /**
   * Names the work rather than the run: of all starts of a tapestry with one key, the first makes the run and the others answer a
   * handle of it, for as long as the run history knows it. With other parameters or another plan it is `RunIdInUse`. The run id is made
   * of it, so there can be no `runId` beside it. Any text.
   */
  readonly dedupeKey?: string;
}

export interface ResumeOptions extends BeginOptions {
  /** Ids of knots that are run again, with all that is below them, although they were Ok. Default: none. */
  readonly from?: readonly string[];
}

/** Where a client works: what the first line of every command says. */
export interface Place {
  readonly address: string;
  readonly namespace: string;
  /** `embedded`, or where the address was said. */
  readonly source: string;
  readonly uiUrl?: string;
}

/** A client: starts runs, finds them, reads what became of them. Loads no worker. */
export class Selvage {
  private readonly savedPlans = new Set<string>();
  private readonly inlineLimit: number | undefined;
  /** @internal */
  readonly pollers: Pollers;

  protected constructor(
    readonly client: Client,
    readonly backends: Backends,
    readonly place: Place,
    private readonly options: ConnectOptions & { readonly projectDir: string },
    private readonly server: EmbeddedServer | undefined,
    private readonly workers?: WorkersBeside,
  ) {
    this.inlineLimit = chosenInlineLimit(options.inlineLimit, process.env);
    this.pollers = new Pollers(client.workflow, server !== undefined);
  }

  /**
   * Connects to the server that was asked for, else to this project's embedded server, which is started if it does not run.
   *
   * @throws SelvageError `ServerUnreachable`, `ServerRefused`, `InvalidAddress`, `UnknownNamespace`, `ServerBinaryMissing`, `ServerStartFailed`, `FolderUnusable`, `DatabaseDamaged`, …
   */
  static async connect(options: ConnectOptions = {}): Promise<Selvage> {
    const { client, backends, place, server, projectDir } = await connectTo(options);
    return new Selvage(client, backends, place, { ...options, projectDir }, server);
  }

  /**
   * Connects, and runs a worker in this process: for scripts and tests. `close()` lets running bodies end (5 s), stops the
   * worker, and leaves unfinished runs to be taken up by the next.
   *
   * @throws SelvageError as {@link Selvage.connect} and `createWorker`
   */
  static async open(options: OpenOptions): Promise<Selvage> {
    const { tapestries, resources, observers, workerOptions, workOn, activityLimits, ...others } = options;
    const { inlineLimit } = options;
    const connected = await connectTo(others);
    try {
      // Loaded only here: a web server that starts runs must not load the native worker.
      const { WorkersBeside } =
        require('../worker/worker-beside') as typeof import('../worker/worker-beside');
      const workers = await WorkersBeside.start(
        connected,
        {
          ...(options.dataConverter && { dataConverter: options.dataConverter }),
          ...workerOptions,
          tapestries,
          encryption: connected.encryption ?? false,
          ...(resources && { resources }),
          ...(observers && { observers }),
          ...(options.logger && { logger: options.logger }),
          ...(activityLimits && { activityLimits }),
          ...(inlineLimit !== undefined && { inlineLimit }),
        },
        workOn ??
          (options.taskQueue === undefined
            ? taskQueuesOf(tapestries.map((tapestry) => recordOf(tapestry)))
            : [options.taskQueue]),
      );
      return new Selvage(
        connected.client,
        connected.backends,
        connected.place,
        { ...others, projectDir: connected.projectDir },
        connected.server,
        workers,
      );
    } catch (error) {
      await closeAll(connected, !options.backends);
      throw error;
    }
  }

  /** The project's folder, absolute, as it was when this client connected. */
  get projectDir(): string {
    return this.options.projectDir;
  }

  /** The task queue of all runs of this client, if it was given one; else each tapestry has its own. */
  get taskQueue(): string | undefined {
    return this.options.taskQueue;
  }

  /**
   * Works for a run on its own task queue until it is over, if this client has a worker: the way to go on with a run whose `selvage run` is
   * gone. Returns when the worker polls. Nothing happens for a run whose queue this client polls already.
   *
   * @throws SelvageError `InvalidConfig` (a client without worker), `UnknownRun`, `RunOver`, `ServerUnreachable`
   */
  async adopt(runId: string): Promise<RunHandle> {
    const { workers } = this;
    if (!workers) {
      throw new SelvageError(
        'InvalidConfig',
        `This client has no worker, so it cannot work for run "${runId}". Open it with \`Selvage.open({ tapestries })\`.`,
        { details: { run: runId } },
      );
    }
    const run = this.getRun(runId);
    const { taskQueue } = await run.standing();
    if (!workers.polls(taskQueue)) {
      await this.work(taskQueue);
      const leave = (): Promise<void> => workers.leave(taskQueue);
      // A lost server ends the worker anyway, and `workerEnded` tells of it.
      run
        .result({ outputs: 'none' })
        .then(leave, leave)
        .catch(() => {});
    }
    return run;
  }

  /** @internal Works for a task queue, too, until the client is closed. Returns when its worker polls. */
  async work(taskQueue: string): Promise<void> {
    await this.workers!.poll(taskQueue);
  }

  /**
   * Settles when the worker of {@link Selvage.open} has ended: rejects where it could not go on, and with `DatabaseDamaged` where the embedded
   * server was stopped for damage of its database. Without a worker, never.
   */
  get workerEnded(): Promise<void> {
    return this.workers ? unlessLost(this.workers.ended, this.server?.lost) : new Promise(() => {});
  }

  /**
   * Starts a run and returns when the server has it; from then on it outlives every process.
   *
   * @throws SelvageError `InvalidParameters`, `UnknownTerminal`, `InvalidName` (of the run id), `InvalidConfig` (a deadline that is no time),
   *   `DeadlineExceeded` (one that is past), `SubjectForgotten`, `KeyMissing`, `RunIdInUse`, `ServerUnreachable`, `BackendUnavailable`
   */
  async start<Parameters extends object, Values extends object>(
    tapestry: Tapestry<Parameters, Values>,
    parameters: Parameters,
    options: StartOptions = {},
  ): Promise<RunHandle<Values>> {
    const record = recordOf(tapestry);
    const plan = planOf(record, nodeSha256);
    const layout = startableLayout(plan, options.terminals);
    await validateParameters(record, parameters, layout.ids);
    const raw = encodeJson(parameters);
    const parametersHash = (digest: ValueDigest): string => hashJson(raw, digest.of);
    await this.requireSubject(options.subject);
    const sent = await this.toSend(parameters, options.subject);
    refuseLargeParameters(record.name, Buffer.byteLength(JSON.stringify(sent)));
    const named = namedByKey(record.name, options);
    return await this.begin<Values>(plan.loaded, sent, named, {
      parametersHash,
      trigger: options.trigger ?? 'code',
      ...(options.terminals && { terminals: options.terminals }),
      save: () => this.savePlans(record),
      ownPlans: () => plansOf(record),
    });
  }

  /**
   * Starts a new run that goes on from one that is over: of the same plan, parameters and terminals, with every Ok outcome taken over. What
   * failed, was skipped or never ran is run, and so are knots whose value was removed since. A worker must have the bodies. The new run's
   * records name the run that made each value (`cached_from_run`), its run record the run that it went on from.
   *
   * @throws SelvageError `UnknownRun`, `RunNotOver`, `UnknownKnot` (in `from`), `NotResumable`, and as {@link Selvage.start}
   */
  async resume<Values extends object = Record<string, unknown>>(
    runId: string,
    options: ResumeOptions = {},
  ): Promise<RunHandle<Values>> {
    const resumed = await readResumable(this.backends, this.client.workflow, runId, options.from);
    const { run, plan, parameters, terminals } = resumed;
    const from = [...new Set(options.from)].sort();
    const { parameters_hash: parametersHash } = run.environment as { parameters_hash?: string };
    const hashOfRaw = ({ of }: ValueDigest): string => hashJson(encodeJson(parameters), of);
    // For people and for older workers: the parameters are taken over by their records.
    const subject = subjectOf(run);
    await this.requireSubject(subject);
    const sent = await this.toSend(parameters, subject);
    const shown = Buffer.byteLength(JSON.stringify(sent)) <= PARAMETERS_BYTES ? sent : {};
    return await this.begin<Values>(
      plan,
      shown,
      { tags: run.tags, ...options, ...(subject !== undefined && { subject }) },
      {
        parametersHash: parametersHash === undefined ? hashOfRaw : () => parametersHash,
        trigger: 'resume',
        ...(terminals && { terminals }),
        resume: {
          run: run.run_id,
          temporalRun: run.temporal_run_id,
          ...(from.length > 0 && { from }),
        },
      },
    );
  }

  /** A handle of a run by its id. Nothing is looked up: an unknown id shows at the first call of the handle. */
  getRun<Values extends object = Record<string, unknown>>(runId: string): RunHandle<Values> {
    return this.handleOf<Values>(runId, this.client.workflow.getHandle(runId));
  }

  /**
   * Offers a run more knots through the tapestry store, for whoever follows its extensions; the run need not exist yet. Answers the
   * offer's number.
   *
   * @throws SelvageError `InvalidFragment`, `NotSubscribable`, `BackendUnavailable`
   */
  async offer(runId: string, fragment: Fragment): Promise<number> {
    const text = JSON.stringify(readFragment(JSON.parse(JSON.stringify(fragment ?? null))));
    const store = requireSubscribable(this.backends.tapestryStore);
    return await store.offer({ runId, fragment: text, offeredAt: Date.now() });
  }

  /**
   * Passes on to a run whatever it is offered through the tapestry store, in the order of the offers, until the run is over or the signal
   * is aborted; answers what became of each. An offer is passed on at least once and taken once, so this may be called again after a
   * crash, or in several processes. What is refused is told, and the others go on.
   *
   * @throws SelvageError `NotSubscribable`, `UnknownRun`, `ServerUnreachable`, `BackendUnavailable`: then call it again
   */
  async followExtensions(runId: string, options: FollowOptions = {}): Promise<Followed> {
    const store = requireSubscribable(this.backends.tapestryStore);
    return await followExtensions(this.getRun(runId), store, options);
  }

  /**
   * Runs, newest first, a page at a time; records that say running are compared with the server. On the first page, runs that no worker has begun
   * come first, which only the server knows: beside the page as many, of the newest thousand workflows that run there. Their `environment.begun`
   * is false.
   */
  async listRuns(query: RunQuery = {}): Promise<Page<RunRecord>> {
    const page = await this.backends.runHistory.listRuns(query);
    const { workflow } = this.client;
    const items = await Promise.all(page.items.map((run) => reconcileRun(this.backends, workflow, run)));
    const isAsked = ({ status }: RunRecord): boolean => query.status === undefined || status === query.status;
    const mayBeUnbegun = query.cursor === undefined && (query.status ?? 'running') === 'running';
    const unbegun = mayBeUnbegun
      ? await unbegunRuns(workflow, this.backends, { ...query, limit: pageLimit(query) })
      : [];
    return { ...page, items: [...unbegun, ...items.filter(isAsked)] };
  }

  /** Lineage records by hash, knot, class or run, newest first, a page at a time. */
  async lineage(query: LineageQuery): Promise<Page<LineageRecord>> {
    return await this.backends.runHistory.findLineage(query);
  }

  /**
   * How two runs differ, knot by knot, and why: of one plan or of different ones.
   *
   * @throws SelvageError `UnknownRun`, `BackendUnavailable`
   */
  async diff(firstRun: string, secondRun: string): Promise<RunDifference> {
    return await diffRuns(this.backends.runHistory, firstRun, secondRun);
  }

  /**
   * How a value came about: walks up from the knot that made it, over runs where a value was made in one and the parameter of another.
   *
   * @param hash as records have it, or its beginning (see {@link resolveHash})
   * @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable`
   */
  async why(hash: string, options: WhyOptions = {}): Promise<Origin> {
    return await why(this.backends.runHistory, hash, options);
  }

  /**
   * What was made of a value: walks down from all who have it, over runs likewise.
   *
   * @param hash as records have it, or its beginning (see {@link resolveHash})
   * @throws SelvageError `UnknownValue`, `AmbiguousHash`, `BackendUnavailable`
   */
  async impact(hash: string, options: ImpactOptions = {}): Promise<Impact> {
    return await impact(this.backends.runHistory, hash, options);
  }

  /**
   * The whole of a hash that some record names as an output or input, by its beginning: at least four hexadecimal digits, with or without `sha256:`
   * or `bytes-sha256:` before them. A whole hash, and what is no hash at all, is answered as it is.
   *
   * @throws SelvageError `UnknownValue`, `AmbiguousHash` (`details.candidates`), `BackendUnavailable`
   */
  async resolveHash(beginning: string): Promise<string> {
    return await resolveHash(this.backends.runHistory, beginning);
  }

  /**
   * Whether the value of a knot was reused, and why or why not: which part of its cache key is another one than that of the nearest
   * earlier knot.
   *
   * @throws SelvageError `UnknownRun`, `UnknownKnot`, `BackendUnavailable`, `InvalidPlan`
   */
  async explainCache(runId: string, knotId: string): Promise<CacheExplanation> {
    return await explainCache(this.backends, runId, knotId);
  }

  /**
   * Removes the values that no record names, or that are older than a `ttl`. What was put within the grace, or since the oldest run that is not
   * over began, stays. It may run beside workers, any number at once, and be broken off at any time.
   *
   * @throws SelvageError `InvalidConfig`, `ServerUnreachable`, `BackendUnavailable`
   */
  async collectGarbage(options: GarbageOptions = {}): Promise<GarbageReport> {
    return await collectGarbage(this.backends, options, (await this.openRuns()).oldest);
  }

  /**
   * Removes runs that ended longer ago than a time, with their lineage, and then the values that no record names any more. A run and those that its
   * knots have started go together; what one that is not over needs stays. It may run beside workers, any number at once, and be broken off at any
   * time: the next one does the rest.
   *
   * @throws SelvageError `InvalidConfig`, `ServerUnreachable`, `BackendUnavailable`
   */
  async prune(options: PruneOptions): Promise<PruneReport> {
    return await prune(this.backends, options, await this.openRuns());
  }

  /**
   * What a scrub would remove, and what refers to it.
   *
   * @throws SelvageError `UnknownRun`, `InvalidConfig`, `ServerUnreachable`, `BackendUnavailable`
   */
  async planScrub(selection: ScrubSelection): Promise<ScrubPlan> {
    await reconcileRunning(this.backends, this.client.workflow, new AbortController().signal);
    return await planScrub(this.backends, selection);
  }

  /**
   * Removes the values of a plan, so that no bytes of them are left in the data store, and keeps all records; those of the runs that made them
   * say that it took place. It may be called again after a crash.
   *
   * @param options.actor default: {@link currentActor}
   * @throws SelvageError `RunNotOver` where a run that is not over refers to one (without `force`), `BackendUnavailable`
   */
  async scrub(plan: ScrubPlan, options: ScrubOptions = {}): Promise<Scrubbed> {
    const actor = options.actor ?? currentActor();
    return await scrub(this.backends, plan, { ...options, ...(actor && { actor }) });
  }

  /** Closes the connection and the backends that this client opened. Runs go on. */
  async close(): Promise<void> {
    try {
      await this.workers?.stop();
    } finally {
      await closeAll(
        { client: this.client, backends: this.backends, server: this.server },
        !this.options.backends,
      );
    }
  }

  private async openRuns(): Promise<OpenRuns> {
    try {
      await reconcileRunning(this.backends, this.client.workflow, new AbortController().signal);
      return await openRuns(this.client.workflow);
    } catch (error) {
      throw unreachable(error, this.place.address);
    }
  }

  private toSend(parameters: object, subject: string | undefined): Promise<Json> {
    return withSubject(subject, () =>
      parametersToSend(
        this.backends.dataStore,
        parameters as Readonly<Record<string, unknown>>,
        subject === undefined ? this.inlineLimit : 0,
        digestOf(this.backends).of,
      ),
    );
  }

  /** Before anything is stored for a subject, there is a key for it. */
  private async requireSubject(subject: string | undefined): Promise<void> {
    if (subject === undefined) return;
    const encryption = encryptionOf(this.backends);
    if (encryption) return void (await encryption.subjects.make(subject));
    throw new SelvageError(
      'KeyMissing',
      'A run with a subject needs keys to seal its values with, and this client has none: set SELVAGE_KEYS, or give `encryption`.',
    );
  }

  private async begin<Values extends object>(
    plan: LoadedPlan,
    raw: Json,
    options: BeginOptions,
    {
      save,
      ownPlans = () => new Map([[plan.hash, plan.plan]]),
      parametersHash,
      ...said
    }: Pick<RunMemo, 'trigger' | 'terminals' | 'resume'> & {
      readonly parametersHash: (digest: ValueDigest) => string;
      /** Puts the plan where workers find it. */
      readonly save?: () => Promise<void>;
      /** The plan and those that are nested in it, if they may not be in the store. Default: the plan. */
      readonly ownPlans?: () => ReadonlyMap<string, Plan>;
    },
  ): Promise<RunHandle<Values>> {
    const { tapestry } = plan.plan;
    const runId = checkRunId(options.runId ?? `${tapestry}-${randomUUID().slice(0, 8)}`);
    const ifExists = options.ifExists ?? 'refuse';
    const { subject } = options;
    const workBy = (digest: ValueDigest): RunMemo => ({
      plan: plan.hash,
      ...said,
      parametersHash: parametersHash(digest),
      ...(subject !== undefined && { subject, inlineLimit: 0 }),
    });
    const work = workBy(digestOf(this.backends));
    const plans = new PlanFinder(this.backends.tapestryStore, ownPlans);
    const existing = (found: WorkOfRun): Promise<RunHandle<Values>> =>
      this.existing<Values>(runId, workBy(this.digestOfWork(found)), found, { ifExists, plans });
    if (options.runId) {
      // The server forgets ended runs after a while; the run history does not.
      const known = await this.backends.runHistory.getRun(runId);
      if (known && known.status !== 'running') return await existing(workOfRecord(known, work, plan));
    }
    const deadline = deadlineOf(options.deadline);
    if (deadline !== undefined && deadline <= Date.now()) {
      // Whoever comes back to a run may say its deadline again.
      const found = options.runId && (await this.memoOf(runId));
      if (found) return await existing(found);
      throw pastDeadline(deadline);
    }
    const commit = options.vcsCommit ?? (await currentCommit(this.projectDir));
    const actor = options.actor ?? currentActor();
    const memo: RunMemo = {
      ...(this.inlineLimit !== undefined && { inlineLimit: this.inlineLimit }),
      ...work,
      ...(actor && { actor }),
      ...(options.tags && { tags: options.tags }),
      ...(commit && { vcsCommit: commit }),
      ...(deadline !== undefined && { deadline }),
      ...(options.reuse === false && { reuse: false as const }),
      backends: await identitiesOf(this.backends),
      ...(this.options.runLimits && { limits: this.options.runLimits }),
    };
    await save?.();
    try {
      const started = this.client.workflow.start(tapestry, {
        workflowId: runId,
        taskQueue: options.taskQueue ?? this.taskQueue ?? taskQueueOf(plan.plan),
        args: [raw],
        memo: { [MEMO_KEY]: memo },
        workflowIdReusePolicy: options.runId
          ? WorkflowIdReusePolicy.REJECT_DUPLICATE
          : WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      });
      const workflow = await unlessLost(started, this.server?.lost);
      return this.handleOf<Values>(runId, workflow);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError))
        throw unreachable(error, this.place.address);
      return await existing((await this.memoOf(runId)) ?? {});
    }
  }

  /** The plans of a tapestry and of all that are nested in it, its own last. */
  private async savePlans(tapestry: TapestryRecord): Promise<void> {
    for (const saved of [...withNested(tapestry)].reverse()) {
      const { hash, text } = planOf(saved, nodeSha256);
      if (this.savedPlans.has(hash)) continue;
      await this.backends.tapestryStore.save({ hash, tapestry: saved.name, text, savedAt: Date.now() });
      this.savedPlans.add(hash);
    }
  }

  /** Undefined if the server knows no such run. */
  private async memoOf(runId: string): Promise<RunMemo | undefined> {
    try {
      const { memo } = await this.client.workflow.getHandle(runId).describe();
      return memo?.[MEMO_KEY] ?? {};
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw unreachable(error, this.place.address);
    }
  }

  /** Two starts of the same work have equal hashes where these are made with one key: what this client hashes with where it lacks that of the run. */
  private digestOfWork({ backends }: WorkOfRun): ValueDigest {
    const digests = digestsOf(this.backends);
    return (backends && digests.find(backends.digest)) ?? digests.current;
  }

  /** What a start finds whose run id belongs to a run already. */
  private async existing<Values extends object>(
    runId: string,
    wanted: RunMemo,
    found: WorkOfRun,
    { ifExists, plans }: { readonly ifExists: 'refuse' | 'attach'; readonly plans: PlanFinder },
  ): Promise<RunHandle<Values>> {
    const changedCode = await requireSameWork(runId, found, wanted, { plans, ifExists });
    return this.handleOf<Values>(runId, this.client.workflow.getHandle(runId), { changedCode });
  }

  private handleOf<Values extends object>(
    runId: string,
    workflow: WorkflowHandle,
    attached?: Attached,
  ): RunHandle<Values> {
    return new RunHandle<Values>(runId, workflow, this.backends, {
      inlineLimit: this.inlineLimit,
      pollers: this.pollers,
      serverLost: this.server?.lost,
      attached,
    });
  }
}

/** The plans of a tapestry and of all that are nested in it, by hash. */
function plansOf(tapestry: TapestryRecord): Map<string, Plan> {
  return new Map(
    [...withNested(tapestry)].map((record) => {
      const { hash, plan } = planOf(record, nodeSha256);
      return [hash, plan];
    }),
  );
}

/** Hexadecimal digits of a key's hash in a run id: enough that no two keys of a tapestry meet. */
const KEY_DIGITS = 24;

/** The id of the run that all starts of a tapestry with one `dedupeKey` are. */
export function runIdOfKey(tapestry: string, dedupeKey: string): string {
  const digest = hashText(dedupeKey, nodeSha256).slice('sha256:'.length, 'sha256:'.length + KEY_DIGITS);
  // Of a long name only the beginning fits in a run id.
  return `${tapestry.slice(0, RUN_ID_BYTES - KEY_DIGITS - 1)}~${digest}`;
}

/** A start with a `dedupeKey` is one under a run id that every other start with this key has, too. */
function namedByKey(tapestry: string, { dedupeKey, ...options }: StartOptions): BeginOptions {
  if (dedupeKey === undefined) return options;
  if (options.runId !== undefined || dedupeKey === '') {
    throw new SelvageError(
      'InvalidConfig',
      options.runId === undefined
        ? `The dedupeKey of a run of tapestry "${tapestry}" is empty. Give a text that names the work, or none.`
        : `A run of tapestry "${tapestry}" was given both runId "${options.runId}" and dedupeKey ${JSON.stringify(dedupeKey)}. Give one of them: ` +
            'the run id is made of the key.',
      {
        details: {
          tapestry,
          dedupeKey,
          run: options.runId,
          reason: options.runId === undefined ? 'WrongValue' : 'Contradiction',
        },
      },
    );
  }
  return { ...options, runId: runIdOfKey(tapestry, dedupeKey), ifExists: 'attach' };
}

/** Milliseconds since the epoch. */
function deadlineOf(deadline: Date | number | undefined): number | undefined {
  if (deadline === undefined) return undefined;
  const at = deadline instanceof Date ? deadline.getTime() : Date.now() + deadline;
  // What a Date can say; beyond it, neither could the record.
  if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) {
    throw new SelvageError(
      'InvalidConfig',
      `The deadline of the run is no point in time (${String(deadline)}). Give a Date, or milliseconds from now.`,
      { details: { option: 'deadline', reason: 'WrongValue' } },
    );
  }
  return Math.ceil(at);
}

function pastDeadline(at: number): SelvageError {
  return new SelvageError(
    'DeadlineExceeded',
    `The deadline of the run, ${new Date(at).toISOString()}, is past. Give one that is yet to come, or none.`,
    { details: { deadline: at } },
  );
}

/** What a client stands on. */
export interface Connected {
  readonly client: Client;
  /** How the client reached the server, for a worker that does the same. */
  readonly connection: ConnectionOptions;
  /** With which the backends seal, and payloads are sealed. */
  readonly encryption: Encryption | undefined;
  readonly backends: Backends;
  readonly place: Place;
  readonly projectDir: string;
  readonly server: EmbeddedServer | undefined;
}

async function closeAll(
  opened: Pick<Connected, 'client' | 'backends' | 'server'>,
  ownBackends: boolean,
): Promise<void> {
  try {
    await opened.client.connection.close();
  } finally {
    try {
      if (ownBackends) await opened.backends.close();
    } finally {
      await opened.server?.release();
    }
  }
}

/** What a project's `.selvage` holds is this machine's alone. A folder that cannot be written to has been complained of already. */
function keepOutOfVersionControl(projectDir: string): void {
  const folder = join(projectDir, '.selvage');
  const ignore = join(folder, '.gitignore');
  if (!existsSync(folder) || existsSync(ignore)) return;
  try {
    writeFileSync(ignore, '*\n');
  } catch {
    // Only a courtesy: nothing of ours depends on it.
  }
}

function chosenEncryption(
  { encryption, backends }: ConnectOptions,
  projectDir: string,
): Encryption | undefined {
  if (encryption !== undefined) return encryption || undefined;
  return (backends && encryptionOf(backends)) ?? encryptionFromEnvironment({ projectDir });
}

function logOf({ log, logger }: ConnectOptions): EmbeddedServerOptions['log'] {
  if (log) return { info: log, warn: log };
  return (
    logger && { info: (message) => logger.info({}, message), warn: (message) => logger.warn({}, message) }
  );
}

/** Finds or starts the server, connects, and opens the backends; what was opened is closed again if anything fails. */
async function connectTo(options: ConnectOptions): Promise<Connected> {
  chosenInlineLimit(options.inlineLimit, process.env);
  runLimits(options.runLimits);
  const chosen = chosenServer(options);
  const projectDir = projectFolder(options.projectDir);
  let server: EmbeddedServer | undefined;
  let connection: Connection | undefined;
  try {
    if (!chosen) {
      const log = logOf(options);
      server = await EmbeddedServer.acquire({
        projectDir,
        ...(options.durable !== undefined && { durable: options.durable }),
        ...(options.port !== undefined && { port: options.port }),
        ...(log && { log }),
      });
    }
    const address = chosen?.address ?? server!.address;
    const namespace = chosen?.namespace ?? options.namespace ?? server!.namespace;
    const reach = chosen?.connection ?? { address };
    connection = await connect(reach, address);
    // The embedded server is known to have its own.
    if (chosen || namespace !== server?.namespace) await requireNamespace(connection, namespace, address);
    const encryption = chosenEncryption(options, projectDir);
    const opened = options.backends ?? (await openBackends({ projectDir, encryption: encryption ?? false }));
    const backends = encryption ? sealBackends(opened, encryption) : opened;
    const dataConverter = sealingConverter(options.dataConverter, encryption);
    keepOutOfVersionControl(projectDir);
    const log = logOf(options);
    if (log) {
      const trouble = await clockTrouble(backends.runHistory);
      if (trouble) log.warn(`warning ${trouble.code}: ${trouble.message}`);
    }
    return {
      client: new Client({ connection, namespace, ...(dataConverter && { dataConverter }) }),
      encryption,
      connection: reach,
      backends,
      place: {
        address,
        namespace,
        source: chosen?.source ?? 'embedded',
        ...(server && { uiUrl: server.uiUrl }),
      },
      projectDir,
      server,
    };
  } catch (error) {
    await connection?.close();
    await server?.release();
    throw error;
  }
}

async function connect(options: ConnectionOptions, address: string): Promise<Connection> {
  try {
    return await openConnection(options);
  } catch (error) {
    throw await notConnected(error, address);
  }
}

/** A layout is shorter than its plan, so only those of long plans may be too long. */
function startableLayout({ text, loaded }: PlanOfTapestry, terminals: readonly string[] | undefined): Layout {
  const layout = terminals ? layoutOf(loaded.plan, terminals) : loaded.layout;
  if (text.length > HOLD_BYTES / 2) requireLoadable(layout, encodeLayout(layout));
  return layout;
}

/** The server takes 2 MiB. */
const PARAMETERS_BYTES = 2 * 1024 * 1024 - 64 * 1024;

function refuseLargeParameters(tapestry: string, bytes: number): void {
  if (bytes <= PARAMETERS_BYTES) return;
  const message =
    `The parameters of tapestry "${tapestry}" take ${bytes} bytes; the server takes ${PARAMETERS_BYTES}. Give where the data is, and let a ` +
    'knot read it: between knots a value may be of any size.';
  const problem: ParameterProblem = { path: '', code: 'TooLarge', message };
  throw new SelvageError('InvalidParameters', message, { details: { tapestry, bytes, problems: [problem] } });
}

const RUN_ID_BYTES = 200;

function checkRunId(runId: string): string {
  if (runId.length > 0 && Buffer.byteLength(runId) <= RUN_ID_BYTES && !/[\p{Cc}]/u.test(runId)) return runId;
  throw new SelvageError(
    'InvalidName',
    `The run id ${JSON.stringify(runId.slice(0, 60))} is empty, longer than ${RUN_ID_BYTES} bytes or has control characters. Choose another.`,
    { details: { run: runId, reason: reasonOfRunId(runId) } },
  );
}

function reasonOfRunId(runId: string): ErrorReason<'InvalidName'> {
  if (runId === '') return 'Empty';
  return Buffer.byteLength(runId) > RUN_ID_BYTES ? 'TooLong' : 'WrongCharacters';
}
