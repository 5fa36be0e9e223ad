import { ApplicationFailure, Context } from '@temporalio/activity';
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowIdReusePolicy,
  WorkflowUpdateFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import type { AnyTapestry } from '../../authoring';
import type { LoggerLike } from '../../authoring/knot-context';
import type { OpenOptions, Selvage } from '../../client';
import { ifThere } from '../../connection/executions';
import { failureOfStream, streamQueue, streamWorkflowId } from '../../connection/streams';
import { SelvageError, isErrorCode } from '../../errors';
import { bodyLogger } from '../../runtime/body-logger';
import { streamName, type StreamDeclaration } from '../../streams';
import {
  PUMP_ACTIVITY,
  PUMP_REPLACED,
  SAVE_CHECKPOINT_UPDATE,
  STREAM_MEMO_KEY,
  STREAM_WORKFLOW,
  type PumpBeat,
  type PumpEnd,
  type PumpTask,
  type SavedCheckpoint,
  type StreamAnswer,
  type StreamCheckpoint,
  type StreamMemo,
  type StreamRequest,
} from '../../workflows/messages';
import { kindOfSource, openSource } from './open-source';
import { isFinal } from './is-final';
import { StreamProgress } from './progress';
import { Pump } from './pump';
import { StreamRuns } from './unit-runs';

const BEAT_MS = 1_000;
/** Interval of checks whether the stream is to be paused or drained. */
const LOOK_MS = 1_000;
/** Interval of questions to the source about the lag. */
const LAG_MS = 5_000;

export interface StreamEnd {
  /** `ended`: no more elements. `drained`: the stream was told to end. `stopped`: this process was told to stop. */
  readonly reason: 'ended' | 'drained' | 'stopped';
  /** Counts of elements since the stream was first started. */
  readonly ok: number;
  readonly failed: number;
}

/** Options of a client that works for streams: their runs have task queues of their own. */
export function workerOfStreams(
  streams: readonly StreamDeclaration[],
): Pick<OpenOptions, 'tapestries' | 'taskQueues'> {
  const tapestries = new Set<AnyTapestry>(streams.map(({ tapestry }) => tapestry));
  return { tapestries: [...tapestries], taskQueues: streams.map(({ id }) => streamQueue(id)) };
}

export class StreamHost {
  readonly activities: Readonly<Record<string, (task: PumpTask) => Promise<PumpEnd>>>;
  readonly #streams: ReadonlyMap<string, StreamDeclaration>;
  readonly #logger: LoggerLike;
  readonly #pumps = new Map<string, { readonly pump: Pump; readonly ended: Promise<unknown> }>();
  readonly #selvage: Promise<Selvage>;
  #attach!: (selvage: Selvage) => void;
  #isStopping = false;

  constructor(streams: readonly StreamDeclaration[], logger: LoggerLike) {
    this.#streams = new Map(streams.map((declaration) => [declaration.id, declaration]));
    this.#logger = logger;
    this.#selvage = new Promise((resolve) => (this.#attach = resolve));
    this.activities = { [PUMP_ACTIVITY]: (task) => this.#run(task) };
  }

  /** Starts or joins the streams, by a client with the worker of {@link workerOfStreams} and {@link activities}. */
  async start(selvage: Selvage): Promise<ReadonlyMap<string, StartedStream>> {
    this.#attach(selvage);
    const started = new Map<string, StartedStream>();
    for (const declaration of this.#streams.values())
      started.set(declaration.id, await startStream(selvage, declaration));
    return started;
  }

  /** Ends reading, and returns when all read elements are finished. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const pumps = [...this.#pumps.values()];
    for (const { pump } of pumps) pump.stop();
    await Promise.allSettled(pumps.map(({ ended }) => ended));
  }

  async #run(task: PumpTask): Promise<PumpEnd> {
    const selvage = await this.#selvage;
    const { id } = task;
    const declaration = this.#streams.get(id);
    if (!declaration || this.#isStopping)
      throw ApplicationFailure.retryable(`This process does not read stream "${id}"`, 'WorkerShutdown');
    // Heartbeats are sent from the beginning: saving, or a handler, may exceed the heartbeat timeout. Until there is a
    // pump, heartbeats repeat the last attempt's details.
    const context = Context.current();
    const beat = { details: (): unknown => context.info.heartbeatDetails };
    const beats = setInterval(() => context.heartbeat(beat.details()), BEAT_MS);
    try {
      const earlier = this.#pumps.get(id);
      if (earlier) {
        // The server took this process for dead, and gave its worker the activity again.
        earlier.pump.kill();
        await earlier.ended;
      }
      return await this.#pump(selvage, declaration, task, context, beat);
    } catch (error) {
      throw asFailure(error);
    } finally {
      clearInterval(beats);
    }
  }

  async #pump(
    selvage: Selvage,
    declaration: StreamDeclaration,
    task: PumpTask,
    context: Context,
    beat: { details: () => unknown },
  ): Promise<PumpEnd> {
    const { id } = declaration;
    const logger = bodyLogger(this.#logger, { trigger: streamName(id) });
    const handle = selvage.client.workflow.getHandle(streamWorkflowId(id));
    const { attempt } = context.info;
    let pump: Pump | undefined;
    const save = async (checkpoint: StreamCheckpoint): Promise<boolean> => {
      const isToStop = await saveCheckpoint(handle, { checkpoint, term: [task.round, attempt] });
      if (isToStop) pump?.stop();
      return isToStop;
    };
    const beaten = (context.info.heartbeatDetails as PumpBeat | undefined)?.checkpoint;
    const known = newest(task.checkpoint, beaten, await savedCheckpoint(handle));
    const checkpoint = { ...known, number: known.number + 1 };
    if (await save(checkpoint)) return { checkpoint, why: 'stopped' };
    const source = await openSource(declaration.source, { id, logger });
    const reading = (pump = new Pump({
      declaration,
      source,
      runs: new StreamRuns(selvage, declaration, streamQueue(id)),
      checkpoint,
      logger,
      save,
    }));
    const identity = `${process.pid}`;
    beat.details = (): PumpBeat => ({ checkpoint: reading.checkpoint(), state: reading.state(identity) });
    const running = reading.run();
    let hasEnded = (): void => undefined;
    const ended = new Promise<void>((resolve) => (hasEnded = resolve));
    this.#pumps.set(id, { pump: reading, ended });
    // Tells the source only what the server has saved as finished: the source must keep the rest.
    const tellFinished = async (partitions: StreamCheckpoint['partitions']): Promise<void> =>
      await source.commit?.(new StreamProgress({ ...checkpoint, partitions }).places());
    const keep = async (last: StreamCheckpoint): Promise<void> => {
      await save(last);
      await tellFinished(last.partitions);
    };
    const looks = [
      repeated(LOOK_MS, async () => {
        const { state } = await selvage.streams.status(id);
        if (state === 'paused' || state === 'draining') reading.stop();
      }),
      repeated(LAG_MS, async () => {
        await reading.lookAtLag();
        if (source.commit) await tellFinished((await selvage.streams.status(id)).checkpoint);
      }),
    ];
    const cancelled = (): void => {
      // In all other cases another process has the activity, or the stream was ended by force.
      if (context.cancellationDetails?.cancelRequested || context.cancellationDetails?.workerShutdown)
        reading.stop();
      else reading.kill();
    };
    context.cancellationSignal.addEventListener('abort', cancelled);
    if (context.cancellationSignal.aborted) cancelled();
    if (this.#isStopping) reading.stop();
    logger.info({}, attempt > 1 || task.round > 1 ? 'reads on' : 'reads');
    try {
      const end = await running;
      // The last heartbeat ends with the activity, and the workflow gets the result later: keeps the checkpoint
      // current for queries in between.
      await keep(end.checkpoint).catch(() => undefined);
      return end;
    } catch (error) {
      // A stream that ends by a mistake keeps its place.
      if (isFinal(error)) await keep(reading.checkpoint()).catch(() => undefined);
      context.heartbeat(beat.details());
      throw error;
    } finally {
      for (const look of looks) clearInterval(look);
      context.cancellationSignal.removeEventListener('abort', cancelled);
      await source.close?.().catch(() => undefined);
      if (this.#pumps.get(id)?.pump === reading) this.#pumps.delete(id);
      hasEnded();
    }
  }
}

/** Does the work now and at intervals, one call at a time. Failures are outages, which may be over at the next call. */
function repeated(milliseconds: number, work: () => Promise<void>): NodeJS.Timeout {
  let isUnderWay = false;
  const go = async (): Promise<void> => {
    if (isUnderWay) return;
    isUnderWay = true;
    await work().catch(() => undefined);
    isUnderWay = false;
  };
  void go();
  return setInterval(() => void go(), milliseconds);
}

interface StartedStream {
  /** Another process has started the stream; this one stands by, or works for its runs. */
  readonly isJoined: boolean;
  /** The promise settles when the stream ends, in any process. */
  readonly ended: Promise<StreamEnd & { readonly reason: 'ended' | 'drained' }>;
  /** As last saved. */
  readonly counts: () => Promise<Omit<StreamEnd, 'reason'>>;
}

async function startStream(selvage: Selvage, declaration: StreamDeclaration): Promise<StartedStream> {
  const { id, tapestry, source } = declaration;
  const { workflow } = selvage.client;
  const request: StreamRequest = { id, tapestry: tapestry.name, source: kindOfSource(source) };
  const handle = workflow.getHandle(streamWorkflowId(id));
  const checkpoint = await savedCheckpoint(handle);
  let isJoined = false;
  let started: WorkflowHandle = handle;
  // The memo has the checkpoint as well, for a stream that is ended before its first step and started again.
  const memo: StreamMemo | undefined = checkpoint && { ...request, mode: 'running', checkpoint };
  try {
    started = await workflow.start(STREAM_WORKFLOW, {
      workflowId: streamWorkflowId(id),
      taskQueue: streamQueue(id),
      args: [request, ...(checkpoint ? [{ checkpoint, mode: 'running', round: 0 }] : [])],
      ...(memo && { memo: { [STREAM_MEMO_KEY]: memo } }),
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    isJoined = true;
  }
  const ended = endOf(started, id);
  ended.catch(() => undefined);
  const counts: StartedStream['counts'] = async () => countsOf(await savedCheckpoint(handle));
  return { isJoined, ended, counts };
}

function countsOf(checkpoint: StreamCheckpoint | undefined): Omit<StreamEnd, 'reason'> {
  const { ok, dead: failed } = checkpoint?.counts ?? { ok: 0, dead: 0 };
  return { ok, failed };
}

async function endOf(handle: WorkflowHandle, id: string): StartedStream['ended'] {
  try {
    const { why: reason, checkpoint } = (await handle.result()) as StreamAnswer;
    return { reason, ...countsOf(checkpoint) };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { message, type: code, details } = failureOfStream(error);
    if (isErrorCode(code))
      throw new SelvageError(code, message, { details: (details?.[0] ?? {}) as Record<string, unknown> });
    throw new SelvageError('StreamStopped', `${streamName(id)} was ended: ${message}`, {
      details: { stream: id },
    });
  }
}

/** The last checkpoint of the newest execution; undefined if that has none, or the server has forgotten it. */
async function savedCheckpoint(handle: WorkflowHandle): Promise<StreamCheckpoint | undefined> {
  const description = await ifThere(handle.describe());
  return (description?.memo?.[STREAM_MEMO_KEY] as StreamMemo | undefined)?.checkpoint;
}

/** Saves a checkpoint; returns whether the pump is to stop. */
async function saveCheckpoint(handle: WorkflowHandle, saved: SavedCheckpoint): Promise<boolean> {
  try {
    return await handle.executeUpdate<boolean, [SavedCheckpoint]>(SAVE_CHECKPOINT_UPDATE, { args: [saved] });
  } catch (error) {
    const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
    if (cause instanceof ApplicationFailure && cause.type === PUMP_REPLACED)
      throw new SelvageError('Interrupted', 'Another process reads the source now.', {});
    throw error;
  }
}

function newest(first: StreamCheckpoint, ...others: (StreamCheckpoint | undefined)[]): StreamCheckpoint {
  return others.reduce<StreamCheckpoint>(
    (best, other) => (other && other.number > best.number ? other : best),
    first,
  );
}

function asFailure(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  if (!SelvageError.is(error)) return ApplicationFailure.retryable(message);
  return ApplicationFailure.create({
    message,
    type: error.code,
    nonRetryable: isFinal(error),
    details: [error.details],
  });
}
