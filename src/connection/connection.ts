import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Tapestry } from '../authoring';
import type { Backends } from '../ports';
import { chosenInlineLimit } from '../runtime';
import type { EmbeddedServer } from '../server';
import type { AcrossHost } from './across/waiting-runs';
import { logOf, type ConnectOptions, type ServerLocation } from './connect';
import { Extensions } from './extensions';
import { chosenPriority } from './fairness-key';
import { Outages } from './outages';
import { Partitions } from './partitions';
import { Pollers } from './pollers';
import { RunHandle } from './run-handle';
import type { KnownOfRun } from './run-on-server';
import { RunStarter } from './run-starter';
import { Schedules } from './schedules/schedules';
import type { ResumeOptions, StartOptions } from './start-options';
import { Streams } from './streams';
import { Workers } from './workers';

/** A Temporal server and the backends beside it: starts runs and returns handles of them. */
export class Connection {
  /** Lists the partitions of a tapestry, and makes those that are missing. */
  readonly partitions: Partitions;
  /** Deploys, shows, pauses and resumes schedules on the server. */
  readonly schedules: Schedules;
  /** Shows streams, and pauses, resumes and drains them. */
  readonly streams: Streams;
  /** Extends runs through the tapestry store. */
  readonly extensions: Extensions;
  /** Lists the workers that are alive. */
  readonly workers: Workers;
  /** @internal */
  readonly pollers: Pollers;
  /** @internal Starts runs in steps, for triggers and backfills. */
  readonly starter: RunStarter;
  /** @internal Answers questions across runs. */
  readonly across: AcrossHost;
  private readonly inlineLimit: number | undefined;
  private readonly outages: Outages;

  /** @internal */
  constructor(
    readonly client: Client,
    readonly backends: Backends,
    readonly location: ServerLocation,
    protected readonly options: ConnectOptions & { readonly projectDir: string },
    protected readonly server: EmbeddedServer | undefined,
  ) {
    const { projectDir, taskQueue, runLimits } = options;
    const inlineLimit = chosenInlineLimit(options.inlineLimit, process.env);
    this.inlineLimit = inlineLimit;
    const priority = chosenPriority(options.fairnessKey, process.env);
    this.pollers = new Pollers(client.workflow, server !== undefined);
    this.workers = new Workers(client.workflow, server !== undefined);
    this.outages = new Outages(options, (message) => logOf(options)?.warn(message));
    const connected = { client, backends, place: location, projectDir };
    this.starter = new RunStarter({
      ...connected,
      taskQueue,
      priority,
      inlineLimit,
      runLimits,
      serverLost: server?.lost,
      handleOf: (...run) => this.handleOf(...run),
    });
    const { pollers, workers } = this;
    this.across = { ...connected, pollers, workers, handleOf: (runId) => this.getRun(runId) };
    this.partitions = new Partitions({ ...connected, taskQueue, starter: this.starter });
    this.schedules = new Schedules({
      ...connected,
      address: location.address,
      taskQueue,
      priority,
      inlineLimit,
      savePlans: (tapestry) => this.starter.savePlans(tapestry),
    });
    this.streams = new Streams(client, location.address, backends);
    this.extensions = new Extensions({ backends, getRun: (runId) => this.getRun(runId) });
  }

  /** The project's folder, absolute, as it was when this client connected. */
  get projectDir(): string {
    return this.options.projectDir;
  }

  /** The task queue of all runs of this client, if it was given one; otherwise each tapestry has its own queue. */
  get taskQueue(): string | undefined {
    return this.options.taskQueue;
  }

  /**
   * Starts a run and returns when the server has it; from then on the run outlives every process. To repeat the call
   * after an error without a second run, give a `runId` with `ifExists: 'attach'`, or an `idempotencyKey`.
   *
   * @throws SelvageError `InvalidParameters`, `UnknownTerminal`, `SubjectForgotten`, `KeyMissing`,
   * `RunIdInUse`
   * @throws SelvageError `InvalidName` for the run id, `DeadlineExceeded` for a deadline in the past
   * @throws SelvageError `InvalidConfig` for a wrong deadline, or a text that records cannot hold
   * @throws SelvageError `ServerUnreachable`, `BackendUnavailable`
   */
  async start<Parameters extends object, Values extends object>(
    tapestry: Tapestry<Parameters, Values>,
    parameters: Parameters,
    options: StartOptions = {},
  ): Promise<RunHandle<Values>> {
    const checked = await this.starter.check(tapestry, parameters, options);
    return await this.starter.start<Values>(checked, options);
  }

  /**
   * Starts a new run that goes on from one that is over, with its plan, parameters, terminals and Ok
   * outcomes. The new run runs the knots that failed, were skipped or never ran, and those whose value was removed
   * since. A worker must have the bodies. The new run record names the resumed run, and each record of a reused value
   * the run that made it (`cached_from_run`).
   *
   * @throws SelvageError `UnknownRun`, `RunNotOver`, `AlreadyResumed`, `UnknownKnot` (in `from`),
   * `NotResumable`, and as {@link Selvage.start}
   */
  async resume<Values extends object = Record<string, unknown>>(
    runId: string,
    options: ResumeOptions = {},
  ): Promise<RunHandle<Values>> {
    return await this.starter.resume<Values>(runId, options);
  }

  /** A handle of a run. The id is not looked up: an unknown id shows at the first call of the handle. */
  getRun<Values extends object = Record<string, unknown>>(runId: string): RunHandle<Values> {
    return this.handleOf<Values>(runId, this.client.workflow.getHandle(runId));
  }

  private handleOf<Values extends object>(
    runId: string,
    workflow: WorkflowHandle,
    known?: KnownOfRun,
  ): RunHandle<Values> {
    return new RunHandle<Values>(runId, workflow, this.backends, {
      inlineLimit: this.inlineLimit,
      pollers: this.pollers,
      workers: this.workers,
      outages: this.outages,
      address: this.location.address,
      serverLost: this.server?.lost,
      ...known,
    });
  }
}
