import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import { SelvageError } from '../errors';
import {
  STREAM_MEMO_KEY,
  STREAM_SIGNAL,
  STREAM_WORKFLOW,
  type PartitionCheckpoint,
  type PumpBeat,
  type StreamCommand,
  type StreamLag,
  type StreamMemo,
  type StreamMode,
} from '../workflows/messages';
import { unreachable } from './connection-errors';
import { pendingActivitiesOf } from './pending-activity';

/** The workflow of a stream. */
export function streamWorkflowId(id: string): string {
  return `stream/${id}`;
}

/** The task queue of a stream and of its runs. */
export function streamQueue(id: string): string {
  return `${STREAM_WORKFLOW}/${id}`;
}

/** How a stream stands. */
export interface StreamState {
  readonly id: string;
  readonly tapestry: string;
  /** Kind of its source. */
  readonly source: string;
  /**
   * `waiting`: no process reads it. `draining`: it ends when what was read is finished. `ended`: its source had no more
   * elements, or it was drained. `failed`: `failure` says why.
   */
  readonly state: Exclude<StreamMode, 'running'> | 'reading' | 'waiting' | 'ended' | 'failed';
  /** Elements since the stream was first started. */
  readonly ok: number;
  readonly dead: number;
  /** How far each partition is finished. */
  readonly checkpoint: Readonly<Record<string, PartitionCheckpoint>>;
  /** Who reads. Absent: nobody. */
  readonly worker?: string;
  readonly inFlight?: number;
  /** Most elements in flight. */
  readonly window?: number;
  /** Elements finished a second, over the last minute. */
  readonly rate?: number;
  readonly lag?: StreamLag;
  /** What holds the stream up. */
  readonly trouble?: string;
  /** When the process that reads last reported, in milliseconds since the epoch. */
  readonly reportedAt?: number;
  readonly startedAt: number;
}

const SEARCH_TOO_LATE_MS = 10_000;

/** The streams on the server: shows them, and lets operators act on them. `selvage.streams`. */
export class Streams {
  /** @internal */
  constructor(
    private readonly client: Client,
    private readonly address: string,
  ) {}

  /**
   * Lists the streams that the server knows, sorted by id, each as it stands. A stream shows up a moment after its
   * start.
   *
   * @throws SelvageError `ServerUnreachable`
   */
  async list(): Promise<StreamState[]> {
    const ids = new Set<string>();
    await this.reaching(async () => {
      const query = `WorkflowType = "${STREAM_WORKFLOW}"`;
      for await (const { workflowId } of this.client.workflow.list({ query })) ids.add(workflowId);
    });
    const states = await Promise.all(
      [...ids].sort().map((workflowId) => this.read(workflowId.slice(streamWorkflowId('').length))),
    );
    return states.filter((state) => state !== undefined);
  }

  /**
   * How a stream stands. The server alone answers, whether or not a process reads the stream.
   *
   * @throws SelvageError `UnknownStream`, `ServerUnreachable`
   */
  async status(id: string): Promise<StreamState> {
    const state = await this.read(id);
    if (state) return state;
    throw unknownStream(id);
  }

  /** Nothing more is read until {@link resume}; what was read is finished. Errors as of {@link status}. */
  async pause(id: string): Promise<void> {
    await this.tell(id, 'pause');
  }

  /** Reads on after {@link pause}. Errors as of {@link status}. */
  async resume(id: string): Promise<void> {
    await this.tell(id, 'resume');
  }

  /**
   * Ends the stream: nothing more is read, and when what was read is finished, its processes end. Started again later,
   * it goes on where it was. Errors as of {@link status}.
   */
  async drain(id: string): Promise<void> {
    await this.tell(id, 'drain');
  }

  private async tell(id: string, command: StreamCommand): Promise<void> {
    try {
      await this.reaching(() =>
        this.client.workflow.getHandle(streamWorkflowId(id)).signal(STREAM_SIGNAL, command),
      );
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      const { state } = await this.status(id);
      throw new SelvageError(
        'UnknownStream',
        `Stream "${id}" is over (${state}), so that it cannot be told to ${command}. Start it again with \`selvage stream FILE\`.`,
        { details: { stream: id, state } },
      );
    }
  }

  private async read(id: string): Promise<StreamState | undefined> {
    const handle = this.client.workflow.getHandle(streamWorkflowId(id));
    try {
      return await this.reaching(async () => await this.stateOf(await handle.describe()));
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    }
  }

  private async stateOf(description: WorkflowExecutionDescription): Promise<StreamState> {
    const { memo, status, startTime, workflowId, raw } = description;
    const id = workflowId.slice(streamWorkflowId('').length);
    // Before a worker has begun it, there is no memo.
    const known = memo?.[STREAM_MEMO_KEY] as StreamMemo | undefined;
    const details = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads;
    const beat = details?.length
      ? await decodeFromPayloadsAtIndex<PumpBeat>(this.client.options.loadedDataConverter, 0, details)
      : undefined;
    const [pump] = pendingActivitiesOf(description);
    const isReading = pump?.state === 'started' || pump?.state === 'cancelling';
    const checkpoint =
      beat && beat.checkpoint.number > (known?.checkpoint.number ?? 0) ? beat.checkpoint : known?.checkpoint;
    const isOver = status.name !== 'RUNNING';
    const mode = known?.mode ?? 'running';
    const trouble =
      beat?.state.trouble ?? (pump?.state === 'scheduled' ? pump.lastFailure?.message : undefined);
    return {
      id,
      tapestry: known?.tapestry ?? '',
      source: known?.source ?? '',
      state: isOver
        ? status.name === 'COMPLETED'
          ? 'ended'
          : 'failed'
        : mode !== 'running'
          ? mode
          : isReading
            ? 'reading'
            : 'waiting',
      ok: checkpoint?.counts.ok ?? 0,
      dead: checkpoint?.counts.dead ?? 0,
      checkpoint: checkpoint?.partitions ?? {},
      ...(isReading && pump.worker !== undefined && { worker: pump.worker }),
      ...(beat &&
        isReading && {
          inFlight: beat.state.inFlight,
          window: beat.state.window,
          rate: beat.state.rate,
          ...(beat.state.lag && { lag: beat.state.lag }),
          reportedAt: beat.state.at,
        }),
      ...(trouble !== undefined && { trouble }),
      startedAt: startTime.getTime(),
    };
  }

  private async reaching<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.client.connection.withDeadline(Date.now() + SEARCH_TOO_LATE_MS, call);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw error;
      throw unreachable(error, this.address);
    }
  }
}

function unknownStream(id: string): SelvageError {
  return new SelvageError(
    'UnknownStream',
    `The server has no stream "${id}". See those that it has: selvage streams status. One begins with: selvage stream FILE`,
    { details: { stream: id } },
  );
}
