import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import { SelvageError } from '../errors';
import type { Backends, ExceptionRecord, RunRecord } from '../ports';
import { streamName } from '../streams';
import {
  STREAM_MEMO_KEY,
  STREAM_SIGNAL,
  STREAM_WORKFLOW,
  type PumpBeat,
  type StreamCommand,
  type StreamGaps,
  type StreamMemo,
} from '../workflows/messages';
import type { Json } from '../values';
import { unreachable } from './connection-errors';
import { ifThere } from './executions';
import { pendingActivitiesOf } from './pending-activity';
import type { RecordedDeadLetter, StreamPartition, StreamState } from './stream-state';

export function streamWorkflowId(id: string): string {
  return `stream/${id}`;
}

export function streamQueue(id: string): string {
  return `${STREAM_WORKFLOW}/${id}`;
}

const SEARCH_TOO_LATE_MS = 10_000;
/** Number of shown dead letters of each kind. */
const MOST_LETTERS = 20;
/** Entries of the start ledger that are searched for elements without a run. */
const LOOKED_THROUGH = 1_000;

/** Shows and controls the streams on the server: `selvage.streams`. */
export class Streams {
  /** @internal */
  constructor(
    private readonly client: Client,
    private readonly address: string,
    private readonly backends: Pick<Backends, 'runHistory' | 'startLedger'>,
  ) {}

  /**
   * All streams that the server knows, by id. A stream appears a moment after its start.
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
   * The state of a stream, from the server alone, even if no process reads it.
   *
   * @throws SelvageError `UnknownStream`, `ServerUnreachable`
   */
  async status(id: string): Promise<StreamState> {
    const state = await this.read(id);
    if (state) return state;
    throw new SelvageError(
      'UnknownStream',
      `The server has no stream "${id}". See those that it has: selvage streams list. One begins with: selvage stream FILE`,
      { details: { stream: id } },
    );
  }

  /** The newest elements whose run failed, then those that could start none. This list needs no server. */
  async deadLetters(id: string): Promise<{ readonly items: readonly RecordedDeadLetter[] }> {
    const { runHistory, startLedger } = this.backends;
    const trigger = streamName(id);
    const [failed, entries] = await Promise.all([
      runHistory.listRuns({ trigger, status: 'failed', limit: MOST_LETTERS }),
      startLedger.list({ trigger, limit: LOOKED_THROUGH }),
    ]);
    const refused = entries.items.filter(({ event }) => event['refused'] !== undefined);
    const items = [
      ...(await Promise.all(
        failed.items.map(async (run): Promise<RecordedDeadLetter> => {
          const reason = await this.whyFailed(run);
          return {
            element: run.trigger_key ?? '',
            runId: run.run_id,
            at: run.started_at,
            ...(reason !== undefined && { reason }),
          };
        }),
      )),
      ...refused.slice(0, MOST_LETTERS).map(({ key, claimedAt, event }): RecordedDeadLetter => {
        const reason = `${event['refused']}: ${event['why'] ?? ''}`;
        return { element: key, at: claimedAt, reason };
      }),
    ];
    return { items };
  }

  /** Stops reading until {@link resume}; read elements are finished. Errors as of {@link status}. */
  async pause(id: string): Promise<void> {
    await this.tell(id, 'pause');
  }

  /** Continues reading after {@link pause}. Errors as of {@link status}. */
  async resume(id: string): Promise<void> {
    await this.tell(id, 'resume');
  }

  /**
   * Reads nothing more; the stream ends when all read elements are finished. A later start continues after the finished
   * elements. Errors as of {@link status}.
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
    return await ifThere(this.reaching(async () => await this.stateOf(await handle.describe())));
  }

  private async stateOf(description: WorkflowExecutionDescription): Promise<StreamState> {
    const { memo, status, startTime, workflowId, raw } = description;
    const id = workflowId.slice(streamWorkflowId('').length);
    // Before a worker has begun the stream, there is no memo.
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
    const problem =
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
      failed: checkpoint?.counts.dead ?? 0,
      ...(checkpoint?.gaps && { gaps: gapsOf(checkpoint.gaps) }),
      checkpoint: checkpoint?.partitions ?? {},
      ...(isReading && pump.worker !== undefined && { readBy: pump.worker }),
      ...(beat &&
        isReading && {
          inFlight: beat.state.inFlight,
          window: beat.state.window,
          rate: beat.state.rate,
          ...(beat.state.lag && { lag: beat.state.lag }),
          reportedAt: beat.state.at,
        }),
      ...(problem !== undefined && { problem }),
      ...(isOver && status.name !== 'COMPLETED' && { error: await this.failureOf(workflowId) }),
      startedAt: startTime.getTime(),
    };
  }

  private async whyFailed(run: RunRecord): Promise<string | undefined> {
    const { error } = run.details as { readonly error?: { readonly message: string } };
    if (error) return error.message;
    const { items } = await this.backends.runHistory.findLineage({
      temporalRunId: run.temporal_run_id,
      outcome: 'err',
      limit: 1,
    });
    const [record] = items;
    return record && `knot "${record.knot_id}": ${(record.extra['error'] as ExceptionRecord).message}`;
  }

  private async failureOf(workflowId: string): Promise<string> {
    try {
      await this.client.workflow.getHandle(workflowId).result();
      return '';
    } catch (error) {
      if (error instanceof WorkflowFailedError) return failureOfStream(error).message;
      throw error;
    }
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

function gapsOf({ count, newest }: StreamGaps): NonNullable<StreamState['gaps']> {
  return { items: newest.map(({ why: reason, ...gap }) => ({ ...gap, reason })), total: count };
}

/** @internal The partitions of a stream, without the notes that a source keeps for itself. */
export function placesOf({ checkpoint, source }: StreamState): StreamPartition[] {
  return Object.entries(checkpoint)
    .filter(([partition]) => source !== 'file-tail' || partition !== '')
    .map(([partition, { after, done = [] }]) => ({
      partition,
      ...(after !== undefined && { checkpoint: placeWords(after) }),
      ahead: done.reduce((sum, [, elements]) => sum + elements, 0),
    }))
    .sort((one, other) => (one.partition < other.partition ? -1 : 1));
}

function placeWords(after: Json): string {
  const { path, at } = (after ?? {}) as { path?: unknown; at?: unknown };
  if (typeof path === 'string' && typeof at === 'number') return `${path} byte ${at}`;
  const text = JSON.stringify(after);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

interface StreamFailure {
  readonly message: string;
  readonly type?: string | null;
  readonly details?: readonly unknown[] | null;
}

/** @internal The innermost reason of a stream's failure: the error of its activity, or the client that ended it. */
export function failureOfStream(error: WorkflowFailedError): StreamFailure {
  const { cause } = error;
  const inner: Partial<StreamFailure> | undefined = cause?.cause ?? cause;
  return { ...inner, message: inner?.message ?? error.message };
}
