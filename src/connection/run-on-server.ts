import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import { SelvageError, isAway } from '../errors';
import type { Backends } from '../ports';
import { SEGMENTS_QUERY, STATUS_QUERY, type LiveStatus, type RunningSegments } from '../workflows/messages';
import { unreachable } from './connection-errors';
import type { Outages, Through } from './outages';
import type { Pollers } from './pollers';
import type { Workers } from './workers';
import { SegmentProgress } from './segment-progress';
import { unlessLost } from './unless-lost';

/** Time limit of a query, which without a worker would wait for ever. */
const QUERY_LIMIT_MS = 5_000;
const ANSWER_LIMIT_MS = 5_000;

export interface RunHandleOptions {
  readonly outages: Outages;
  readonly existing?: ExistingRun | undefined;
  /** Whether this client has just started the run, so that its records are in the client's run history. */
  readonly isNew?: boolean | undefined;
  readonly pollers: Pollers;
  readonly workers: Workers;
  /** For messages. */
  readonly address?: string | undefined;
  /** Largest payload of a signal, in encoded bytes, that goes into the history. Default 2,048. */
  readonly inlineLimit?: number | undefined;
  /** A signal that is aborted when the server is gone for good. */
  readonly serverLost?: AbortSignal | undefined;
}

/** Facts that a start has about its run. */
export type KnownOfRun = Pick<RunHandleOptions, 'existing' | 'isNew'>;

/** The facts that a start reports if it found its run running or ended. */
export interface ExistingRun {
  /**
   * Definitions, and knots with a body in place, whose code has changed since the run was started. Knots that
   * have not run yet run the code of their worker, or wait for the old code (`onCodeChange: 'wait'`).
   */
  readonly changedCode: readonly string[];
}

/** A worker's answer about a run. */
export interface Live {
  readonly status: LiveStatus;
  /** Members of the run's running segments. */
  readonly segments?: readonly (readonly string[])[];
}

/** A run as the Temporal server has it. */
export class RunOnServer {
  /** Facts of one Temporal run: a reset makes another one, with its own records. */
  private segments: { readonly temporalRunId: string; readonly progress: SegmentProgress } | undefined;

  constructor(
    readonly runId: string,
    readonly workflow: WorkflowHandle,
    readonly backends: Backends,
    readonly options: RunHandleOptions,
  ) {}

  /** @throws SelvageError `UnknownRun`, `ServerUnreachable` */
  async describe(): Promise<WorkflowExecutionDescription> {
    return await this.reaching(() => this.workflow.describe());
  }

  /** Like {@link describe}; undefined if the server has forgotten a run that is over. */
  async descriptionOrNone(): Promise<WorkflowExecutionDescription | undefined> {
    try {
      return await this.describe();
    } catch (error) {
      if (SelvageError.is(error, 'UnknownRun') && (await this.isRecordedAsEnded())) return undefined;
      throw error;
    }
  }

  /** Whether a worker polls the run's task queue. @throws SelvageError `ServerUnreachable`, `UnknownRun` */
  async hasWorker(): Promise<boolean> {
    return await this.workflow.client.withDeadline(Date.now() + QUERY_LIMIT_MS, async () =>
      this.options.pollers.areThere((await this.describe()).taskQueue),
    );
  }

  /** Queries the workflow; undefined if no worker answers within 5 s, or the run has just ended. */
  async live(): Promise<Live | undefined> {
    try {
      return await this.workflow.client.withDeadline(Date.now() + QUERY_LIMIT_MS, async () => {
        const status = await this.workflow.query<LiveStatus>(STATUS_QUERY);
        return status.segments === undefined ? { status } : await this.withSegments(status);
      });
    } catch {
      return undefined;
    }
  }

  /** Waits for the end of the run, through outages. */
  async waitForEnd(through: Through): Promise<void> {
    while (!(await this.hasEnded(through))) {
      // A wait may take any time, so only a short call tells how long the server has been unreachable.
      await through(() => this.reaching(() => this.answer()));
    }
  }

  /** @throws SelvageError `UnknownRun`, `ServerUnreachable`, `DatabaseDamaged` (of the embedded server) */
  async reaching<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await unlessLost(call(), this.options.serverLost);
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw unreachable(error, this.options.address);
      throw new SelvageError(
        'UnknownRun',
        `The server knows no run "${this.runId}". \`selvage runs list\` shows what there is.`,
        { details: { run: this.runId }, cause: error },
      );
    }
  }

  private async withSegments(live: LiveStatus): Promise<Live> {
    const { temporalRunId, segments } = await this.workflow.query<RunningSegments>(SEGMENTS_QUERY);
    if (this.segments?.temporalRunId !== temporalRunId)
      this.segments = { temporalRunId, progress: new SegmentProgress(this.backends.runHistory) };
    return { status: await this.segments.progress.counted(live, temporalRunId, segments), segments };
  }

  /** Waits for the end of the run. Returns false if the server became unreachable. */
  private async hasEnded(through: Through): Promise<boolean> {
    try {
      await this.reaching(async () => {
        try {
          await this.workflow.result();
        } catch (error) {
          // The run history has the details of the run's end.
          if (error instanceof WorkflowFailedError) return;
          if (!(error instanceof WorkflowNotFoundError)) throw error;
          if (!(await through(() => this.isRecordedAsEnded()))) throw error;
        }
      });
      return true;
    } catch (error) {
      if (!isAway(error)) throw error;
      return false;
    }
  }

  /** Resolves if the server answers about the run, even that there is none. */
  private async answer(): Promise<void> {
    const { client, workflowId } = this.workflow;
    try {
      await client.withDeadline(Date.now() + ANSWER_LIMIT_MS, () =>
        client.workflowService.describeWorkflowExecution({
          namespace: client.options.namespace,
          execution: { workflowId },
        }),
      );
    } catch (error) {
      if (isAway(unreachable(error))) throw error;
    }
  }

  /** A server keeps runs for some days, the run history for good. */
  private async isRecordedAsEnded(): Promise<boolean> {
    const run = await this.backends.runHistory.getRun(this.runId);
    return run !== undefined && run.status !== 'running';
  }
}

export function isUnfinished(
  description: WorkflowExecutionDescription | undefined,
): description is WorkflowExecutionDescription {
  return description !== undefined && ['RUNNING', 'PAUSED'].includes(description.status.name);
}
