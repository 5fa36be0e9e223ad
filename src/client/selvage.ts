import path from 'node:path';
import type { Client } from '@temporalio/client';
import { taskQueuesOf } from '../plan';
import { SelvageError } from '../errors';
import { refuseInBodyThread } from '../runtime';
import { recordOf } from '../authoring';
import { projectFolder } from '../node/project-folder';
import type { OpenRunsQuery } from '../connection/across/waiting-run';
import type { Versions } from '../connection/across/version-answers';
import { readVersions } from '../connection/across/versions';
import { connectTo, disconnect, type ConnectOptions, type ServerLocation } from '../connection/connect';
import { Connection } from '../connection/connection';
import { isDebug, lineLogger } from '../connection/log-line';
import type { OpenOptions } from '../connection/open-options';
import { loadWorkers, type OwnWorkers } from '../connection/own-workers';
import { Events } from '../connection/prune-events';
import type { RunHandle } from '../connection/run-handle';
import { unlessLost } from '../connection/unless-lost';
import type { Deliveries } from '../deliveries';
import type { EmitterList } from '../emitters';
import type { AnswerOf, AskOf, OperationName } from '../operations';
import type { Backends } from '../ports';
import type { EmbeddedServer } from '../server';
import { statsOf, type Stats, type StatsOptions } from '../records/questions';
import { writeErrorLine } from '../node/terminal';
import { Bulk } from './bulk/bulk';
import { Lineage } from './lineage';
import { Runs } from './runs';
import { Values } from './values';

/** A client: starts runs, answers questions about records. Only {@link Selvage.open} gives a client a worker. */
export class Selvage extends Connection {
  /** Lists runs and removes old ones. */
  readonly runs: Runs;
  readonly events: Events;
  /** The origin and the uses of values. */
  readonly lineage: Lineage;
  /** Cancels, terminates, resumes or signals many runs. */
  readonly bulk: Bulk;
  /** Removes values from the data store. */
  readonly values: Values;
  private deliveries: Deliveries | undefined;

  protected constructor(
    client: Client,
    backends: Backends,
    location: ServerLocation,
    options: ConnectOptions & { readonly projectDir: string },
    server: EmbeddedServer | undefined,
    private readonly ownWorkers?: OwnWorkers,
    private readonly tapestries: OpenOptions['tapestries'] = [],
  ) {
    super(client, backends, location, options, server);
    const connected = { client, backends, place: location, projectDir: options.projectDir };
    this.runs = new Runs(this.across);
    this.events = new Events(this.across);
    this.bulk = new Bulk({
      ...connected,
      getRun: (runId) => this.getRun(runId),
      resume: (runId, resumed) => this.resume(runId, resumed),
      listRuns: (query) => this.runs.list(query),
    });
    this.lineage = new Lineage(backends);
    this.values = new Values(connected);
  }

  /**
   * Connects to the chosen server, else to the project's embedded server, which it starts if needed.
   *
   * @throws SelvageError `ServerUnreachable`, `ServerRefused`, `InvalidAddress`, `UnknownNamespace`,
   * `ServerBinaryMissing`, `ServerStartFailed`, `FolderUnusable`, `DatabaseDamaged`, …
   */
  static async connect(options: ConnectOptions = {}): Promise<Selvage> {
    refuseInBodyThread('Selvage.connect()');
    const { client, backends, place, server, projectDir } = await connectTo(options);
    return new Selvage(client, backends, place, { ...options, projectDir }, server);
  }

  /**
   * Connects, and runs a worker in this process: for scripts and tests. `close()` stops the worker, after 5 s
   * for running bodies. The next worker continues unfinished runs.
   *
   * @throws SelvageError as {@link Selvage.connect} and `createWorker`
   */
  static async open(options: OpenOptions): Promise<Selvage> {
    refuseInBodyThread('Selvage.open()');
    const {
      tapestries,
      resources,
      observers,
      workerOptions,
      taskQueues,
      activityLimits,
      watch,
      emitters,
      ...others
    } = options;
    const { dataConverter, inlineLimit, logger, taskQueue } = options;
    const connected = await connectTo(others, true);
    try {
      const startWorkers = loadWorkers();
      const workers = await startWorkers(
        connected,
        {
          ...(dataConverter && { dataConverter }),
          ...workerOptions,
          tapestries,
          encryption: connected.encryption ?? false,
          resources,
          observers,
          logger,
          activityLimits,
          ...(watch && { watch }),
          inlineLimit,
        },
        taskQueues ??
          (taskQueue === undefined
            ? taskQueuesOf(tapestries.map((tapestry) => recordOf(tapestry)))
            : [taskQueue]),
      );
      const selvage = new Selvage(
        connected.client,
        connected.backends,
        connected.place,
        { ...others, projectDir: connected.projectDir },
        connected.server,
        workers,
        tapestries,
      );
      if (emitters !== false)
        await selvage.deliver(tapestries, emitters).catch(async (error: unknown) => {
          await workers.stop().catch(() => {});
          throw error;
        });
      return selvage;
    } catch (error) {
      await disconnect(connected, !options.backends);
      throw error;
    }
  }

  /** @internal A client for code in a worker: on the worker's connection and backends, which stay open. */
  static within(client: Client, backends: Backends, inlineLimit: number | undefined): Selvage {
    const { namespace } = client.options;
    return new Selvage(
      client,
      backends,
      { address: 'of this worker', namespace, source: 'worker' },
      { projectDir: projectFolder(), inlineLimit },
      undefined,
    );
  }

  /** Delivers to emitters until the client is closed; loads nothing if there are no emitters. */
  private async deliver(
    tapestries: OpenOptions['tapestries'],
    given: EmitterList | undefined,
  ): Promise<void> {
    if (!given?.length && tapestries.every((one) => !recordOf(one).options.emitters?.length)) return;
    const { Deliveries, gatherEmitters } = await import('../deliveries/index.js');
    const { backends, projectDir } = this;
    const emitters = gatherEmitters(tapestries, given);
    const logger =
      this.options.logger ?? lineLogger(writeErrorLine, { format: 'text', runs: true, isVerbose: isDebug });
    this.deliveries = await Deliveries.start({ backends, emitters, logger, projectDir });
  }

  /** @internal Waits until emitters have delivered all records, or for `ms`. Returns the late ones. */
  async heard(ms: number): Promise<string[]> {
    return (await this.deliveries?.drained(ms)) ?? [];
  }

  /** @internal */
  get polledQueues(): readonly string[] {
    return this.ownWorkers?.taskQueues ?? [];
  }

  /** Whether this client has a worker, see {@link Selvage.open}. */
  get hasWorker(): boolean {
    return this.ownWorkers !== undefined;
  }

  /**
   * Settles when the worker of {@link Selvage.open} has ended; never without a worker. Rejects if the worker
   * could not go on, and with `DatabaseDamaged` if the embedded server was stopped for damage of its
   * database.
   */
  get workerEnded(): Promise<void> {
    return this.ownWorkers ? unlessLost(this.ownWorkers.ended, this.server?.lost) : new Promise(() => {});
  }

  /**
   * Lists the code that unfinished runs need, the workers that have it, and code that can be removed.
   *
   * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
   */
  async versions(query: OpenRunsQuery = {}): Promise<Versions> {
    return await readVersions(this.across, query);
  }

  /** Reads recent figures, as `selvage stats` does. Needs no server. @throws SelvageError `BackendUnavailable` */
  async stats(options: StatsOptions = {}): Promise<Stats> {
    return await statsOf(this.backends.runHistory, options);
  }

  /**
   * Calls an operation by its name in the HTTP API, such as `selvage.call('runs.waiting', { by: 'reason' })`.
   * The answer equals the one of the HTTP API and of `--json`, but its times are milliseconds.
   *
   * Runs are started from the tapestries that the client was opened with. Each call of an act carries it out;
   * its description says whether a second call makes a difference. A call ends with its process, and cannot
   * be cancelled.
   *
   * @param ask omitted fields have the operation's defaults
   * @throws SelvageError `InvalidRequest`, `ServerUnreachable`, `BackendUnavailable`, and errors of the
   * operation
   */
  async call<Name extends OperationName>(name: Name, ask: AskOf<Name>): Promise<AnswerOf<Name>> {
    // Most clients call no operation, so the table is loaded only here.
    const { call } = await import('../operations/call.js');
    const { ServerReach } = await import('../operations/reach.js');
    const { ownRights, projectData } = await import('../operations/surroundings.js');
    const { backends, projectDir, tapestries } = this;
    const project = path.basename(projectDir);
    const data = projectData(backends, ServerReach.of(this), { project, tapestries });
    return await call({ ...data, caller: ownRights('code') }, name, ask);
  }

  /**
   * Polls a run's own task queue with this client's worker until the run is over, for instance when its
   * `selvage run` is gone. Returns when the worker polls. Does nothing if the client polls the queue already.
   *
   * @throws SelvageError `InvalidConfig` (a client without worker), `UnknownRun`, `RunOver`,
   * `ServerUnreachable`
   */
  async adopt(runId: string): Promise<RunHandle> {
    const { ownWorkers: workers } = this;
    if (!workers) {
      throw new SelvageError(
        'InvalidConfig',
        `This client has no worker, so it cannot work for run "${runId}". Open it with \`Selvage.open({ tapestries })\`.`,
        { details: { run: runId } },
      );
    }
    const run = this.getRun(runId);
    const { taskQueue } = await run.describe();
    if (!workers.polls(taskQueue)) {
      await this.work(taskQueue);
      const leave = (): Promise<void> => workers.leave(taskQueue);
      // A lost server ends the worker anyway, and `workerEnded` reports it.
      run
        .result({ outputs: 'none' })
        .then(leave, leave)
        .catch(() => {});
    }
    return run;
  }

  /** @internal Polls another task queue until the client is closed. Returns when a worker polls. */
  async work(taskQueue: string): Promise<void> {
    await this.ownWorkers!.poll(taskQueue);
  }

  /** Stops the worker, and closes the connection and the backends that this client opened. Runs go on. */
  async close(): Promise<void> {
    const { client, backends, server } = this;
    try {
      await this.ownWorkers?.stop();
    } finally {
      await this.deliveries?.stop();
      await disconnect({ client, backends, server }, !this.options.backends);
    }
  }
}
