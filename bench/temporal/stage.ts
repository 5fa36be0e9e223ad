import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { openBackends } from 'selvage/backends';
import { Selvage } from 'selvage/client';
import { EmbeddedServer } from 'selvage/server';
import type { Tapestry } from 'selvage';
import { timed } from '../statistics';
import { WorkerProcess, type Side } from './worker-processes';
import type { Workload } from './workload';

type HistoryEvents = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

/** What a run left in Temporal. */
export interface RunTrace {
  readonly runId: string;
  readonly result: number;
}

/** Where a stage is set, other than on an embedded server and its SQLite file. */
export interface StagePlace {
  /** Address of a Temporal server. */
  readonly address: string;
  /** URL of the tapestry store, the run history and the data store. */
  readonly backends: string;
}

/** A Temporal server and a client of it, for as long as the benchmarks that need them: by default a tuned embedded one. */
export class Stage {
  private runs = 0;

  private constructor(
    readonly folder: string,
    private readonly place: StagePlace,
    /** The embedded one. */
    readonly server: EmbeddedServer | undefined,
    readonly selvage: Selvage,
    private readonly rawBundle: string,
  ) {}

  /** What is not given: an embedded server, and SQLite in the stage's folder. */
  static async open(given: Partial<StagePlace> = {}): Promise<Stage> {
    const folder = await mkdtemp(path.join(tmpdir(), 'selvage-bench-'));
    const server =
      given.address === undefined
        ? await EmbeddedServer.acquire({ projectDir: folder, log: console })
        : undefined;
    const place = {
      address: given.address ?? server!.address,
      backends: given.backends ?? 'sqlite:.selvage/selvage.db',
    };
    const selvage = await Selvage.connect({
      address: place.address,
      backends: await openBackends({ url: place.backends, projectDir: folder }),
    });
    const rawBundle = path.join(folder, 'raw-workflows.js');
    const { code } = await bundleWorkflowCode({
      workflowsPath: require.resolve('../raw/workflows'),
      logger: new DefaultLogger('WARN'),
    });
    await writeFile(rawBundle, code);
    return new Stage(folder, place, server, selvage, rawBundle);
  }

  async close(): Promise<void> {
    await this.selvage.close();
    await this.selvage.backends.close();
    await this.server?.release({ wait: true });
    await rm(this.folder, { recursive: true, force: true });
  }

  startWorker(side: Side, ...workloads: readonly Workload[]): Promise<WorkerProcess> {
    return this.startSizedWorker(undefined, side, ...workloads);
  }

  /** @param heapMegabytes as an operator gives it to Node: `--max-old-space-size` */
  async startSizedWorker(
    heapMegabytes: number | undefined,
    side: Side,
    ...workloads: readonly Workload[]
  ): Promise<WorkerProcess> {
    return await WorkerProcess.start({
      side,
      heapMegabytes,
      workloads: workloads.map(({ name }) => name),
      address: this.place.address,
      backends: this.place.backends,
      projectDir: this.folder,
      rawBundle: this.rawBundle,
    });
  }

  /** A run from its start to its value in this process. */
  async runOurs(
    tapestry: Tapestry<{ start: number }, { result: number }>,
    start = this.nextStart(),
  ): Promise<RunTrace> {
    const run = await this.selvage.start(tapestry, { start });
    const { result } = await run.values();
    return { runId: run.runId, result };
  }

  /** Lets the index of lineage listings catch up with the records, which is written behind them, as a listing does; milliseconds. */
  async catchUp(): Promise<number> {
    return await timed(() => this.selvage.backends.runHistory.findLineage({ limit: 1 }));
  }

  async runRaw(
    workload: Workload,
    start = this.nextStart(),
    taskQueue: Exclude<Side, 'ours'> = 'raw',
  ): Promise<RunTrace> {
    const runId = `${taskQueue}-${workload.workflow}-${workload.size}-${start}`;
    const result = (await this.selvage.client.workflow.execute(workload.workflow, {
      workflowId: runId,
      taskQueue,
      args: [start, workload.size],
    })) as number;
    return { runId, result };
  }

  /** Bytes of a finished run's history, as the server counts them. */
  async historyBytes(runId: string): Promise<number> {
    const { raw } = await this.selvage.client.workflow.getHandle(runId).describe();
    return Number(raw.workflowExecutionInfo?.historySizeBytes ?? 0);
  }

  /** Events of the longest history of a run, of the child run of its map, if it has one, and of the parts of that one. */
  async mapEvents(runId: string, map: string): Promise<number> {
    const child = `${runId}/${map}`;
    const [own, ofMap] = await Promise.all([this.eventsOf(runId), this.eventsOf(child)]);
    const parts = ofMap.flatMap((event) => {
      const { workflowId } = event.startChildWorkflowExecutionInitiatedEventAttributes ?? {};
      return workflowId ? [workflowId] : [];
    });
    const lengths = [own.length, ofMap.length];
    for (const part of parts) lengths.push((await this.eventsOf(part)).length);
    return Math.max(...lengths);
  }

  /** The history of a workflow; none where there is no such workflow, as that of a map that ran in a segment. */
  private async eventsOf(workflowId: string): Promise<HistoryEvents> {
    const handle = this.selvage.client.workflow.getHandle(workflowId);
    try {
      // A history that is not there is told in the words of gRPC only, a workflow by its class.
      await handle.describe();
      return (await handle.fetchHistory()).events ?? [];
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return [];
      throw error;
    }
  }

  /** Activities of a finished run, local ones included. */
  async activitiesOf(runId: string): Promise<number> {
    const { events } = await this.selvage.client.workflow.getHandle(runId).fetchHistory();
    const isOne = (event: NonNullable<typeof events>[number]): boolean =>
      Boolean(event.activityTaskScheduledEventAttributes ?? event.markerRecordedEventAttributes);
    return (events ?? []).filter(isOne).length;
  }

  /** Bytes of the largest payload in the history of a run. */
  async largestPayload(runId: string): Promise<number> {
    const { events } = await this.selvage.client.workflow.getHandle(runId).fetchHistory();
    return Math.max(0, ...payloadSizes(events));
  }

  /** Runs differ in their parameter, so that no value was stored by an earlier one. */
  private nextStart(): number {
    this.runs += 1;
    return this.runs * 1_000_000;
  }
}

/** Sets a stage for some work, and takes it down. */
export async function onStage<T>(work: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await Stage.open();
  try {
    return await work(stage);
  } finally {
    await stage.close();
  }
}

/** Sizes of everything in a tree that is a payload, that is, has `metadata` and `data`. */
function* payloadSizes(tree: unknown): Generator<number> {
  if (typeof tree !== 'object' || tree === null || ArrayBuffer.isView(tree)) return;
  const { data, metadata } = tree as { data?: unknown; metadata?: unknown };
  if (metadata && ArrayBuffer.isView(data)) yield data.byteLength;
  for (const part of Object.values(tree)) yield* payloadSizes(part);
}
