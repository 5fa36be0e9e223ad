import { isGrpcServiceError, type WorkflowClient } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time';
import type { temporal } from '@temporalio/proto';
import { SelvageError } from '../errors';
import { VERSION } from '../version';
import { UNIMPLEMENTED, grpcCode, unreachable } from './connection-errors';
import { ALIVE_MS, isOfDeadProcess } from './pollers';
import type { WorkerState } from './worker-state';
import { resultsInParallel } from '../values/in-parallel';

type RawWorker = temporal.api.worker.v1.IWorkerListInfo;
type RawReport = temporal.api.worker.v1.IWorkerHeartbeat;

/** WorkerStatus.WORKER_STATUS_SHUTTING_DOWN and …_SHUTDOWN. */
const STOPPED: readonly unknown[] = [2, 3, 'WORKER_STATUS_SHUTTING_DOWN', 'WORKER_STATUS_SHUTDOWN'];
/** Number of workers in a page, which is one message of gRPC, of at most 4 MiB. */
const PAGE = 100;
/** Concurrent calls to the server. */
const AT_ONCE = 20;

/** A worker reports its plugins to the server. These plugins only name the properties of a Selvage worker. */
const VERSION_PLUGIN = 'selvage.version/';
const HOST_PLUGIN = 'selvage.host/';
const BODY_PLUGIN = 'selvage.body/';
const HISTORY_PLUGIN = 'selvage.history/';
const UNTOLD_PLUGIN = 'selvage.bodies-untold';

/** Maximum number of characters of bodies' names in a report, as each list of workers carries all reports. */
const TOLD_BODIES = 16 * 1024;

/** Plugins whose names report a worker's properties. */
export function tellingPlugins({
  bodyHosts,
  bodies,
  runHistory,
}: {
  readonly bodyHosts: readonly string[];
  readonly bodies: readonly string[];
  /** Identity, if known. */
  readonly runHistory: string | undefined;
}): { readonly name: string }[] {
  const length = bodies.reduce((sum, name) => sum + name.length, 0);
  return [
    `${VERSION_PLUGIN}${VERSION}`,
    ...bodyHosts.map((name) => `${HOST_PLUGIN}${name}`),
    ...(runHistory === undefined ? [] : [`${HISTORY_PLUGIN}${runHistory}`]),
    ...(length > TOLD_BODIES ? [UNTOLD_PLUGIN] : bodies.map((name) => `${BODY_PLUGIN}${name}`)),
  ].map((name) => ({ name }));
}

export interface WorkersQuery {
  /** Lists only workers of this task queue. */
  readonly taskQueue?: string;
}

/** The workers of the namespace: `selvage.workers`. */
export class Workers {
  /** @internal */
  constructor(
    private readonly client: WorkflowClient,
    private readonly isOwnServer: boolean,
  ) {}

  /**
   * Lists the live workers by task queue and identity. A worker appears with its first report: workers of
   * `createWorker`, `Selvage.open` and the command line report every 10 s, others every 60 s. A stopped
   * worker disappears at once; a killed one after 70 s, or at once if it was a process of this machine on the
   * embedded server.
   *
   * @throws SelvageError `ServerRefused` if the server keeps no list of workers; `ServerUnreachable`
   */
  async list({ taskQueue }: WorkersQuery = {}): Promise<WorkerState[]> {
    const { workers, reports } = await this.ask(taskQueue);
    const running = workers.filter(({ status }) => !STOPPED.includes(status));
    const since = Date.now() - ALIVE_MS;
    const states = await resultsInParallel(running, AT_ONCE, async (worker) =>
      stateOf(worker, reports.get(worker.workerInstanceKey ?? '') ?? (await this.reportOf(worker))),
    );
    return states
      .filter(
        ({ identity, reportedAt }) =>
          (reportedAt ?? since) >= since && !(this.isOwnServer && isOfDeadProcess(identity)),
      )
      .sort(
        (a, b) => compare(a.taskQueue, b.taskQueue) || compare(a.identity, b.identity) || a.since - b.since,
      );
  }

  private async ask(
    taskQueue: string | undefined,
  ): Promise<{ readonly workers: readonly RawWorker[]; readonly reports: ReadonlyMap<string, RawReport> }> {
    const { workflowService, options } = this.client;
    const { namespace } = options;
    const query = taskQueue === undefined ? '' : `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`;
    const workers: RawWorker[] = [];
    const reports = new Map<string, RawReport>();
    try {
      let nextPageToken: Uint8Array | null | undefined;
      do {
        const page = await workflowService.listWorkers({
          namespace,
          query,
          pageSize: PAGE,
          ...(nextPageToken && { nextPageToken }),
        });
        for (const { workerHeartbeat: report } of page.workersInfo ?? []) {
          if (report?.workerInstanceKey) reports.set(report.workerInstanceKey, report);
        }
        workers.push(...(page.workers?.length ? page.workers : [...reports.values()].map(fromReport)));
        nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
      } while (nextPageToken);
      if (workers.length === 0) {
        const { namespaceInfo } = await workflowService.describeNamespace({ namespace });
        if (!namespaceInfo?.capabilities?.workerHeartbeats) throw withoutList();
      }
    } catch (error) {
      if (grpcCode(error) === UNIMPLEMENTED) throw withoutList(error);
      throw unreachable(error);
    }
    return { workers, reports };
  }

  private async reportOf({ workerInstanceKey }: RawWorker): Promise<RawReport | undefined> {
    if (!workerInstanceKey) return undefined;
    const { workflowService, options } = this.client;
    try {
      const { workerInfo } = await workflowService.describeWorker({
        namespace: options.namespace,
        workerInstanceKey,
      });
      return workerInfo?.workerHeartbeat ?? undefined;
    } catch (error) {
      // A listed worker may have gone meanwhile, and some servers list without describing.
      if (isGrpcServiceError(error) && ![4, 14].includes(Number(error.code))) return undefined;
      throw unreachable(error);
    }
  }
}

/** Makes a worker of its report, for servers that list reports alone. */
function fromReport({ hostInfo, ...report }: RawReport): RawWorker {
  const { hostName, processId } = hostInfo ?? {};
  return { ...report, ...(hostName && { hostName }), ...(processId && { processId }) };
}

function stateOf(worker: RawWorker, report: RawReport | undefined): WorkerState {
  const names = (worker.plugins ?? []).map(({ name }) => name ?? '').sort();
  const told = (prefix: string): string[] =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const [version] = told(VERSION_PLUGIN);
  const [runHistory] = told(HISTORY_PLUGIN);
  return {
    identity: worker.workerIdentity ?? '',
    taskQueue: worker.taskQueue ?? '',
    machine: worker.hostName || null,
    processId: worker.processId || null,
    selvage: version ?? null,
    sdk: `${worker.sdkName ?? ''} ${worker.sdkVersion ?? ''}`.trim(),
    since: optionalTsToMs(worker.startTime) ?? 0,
    bodyHosts: told(HOST_PLUGIN),
    bodies: version !== undefined && !names.includes(UNTOLD_PLUGIN) ? told(BODY_PLUGIN) : null,
    runHistory: runHistory ?? null,
    running: report?.activityTaskSlotsInfo?.currentUsedSlots ?? null,
    reportedAt: optionalTsToMs(report?.heartbeatTime) ?? null,
  };
}

function withoutList(cause?: unknown): SelvageError {
  return new SelvageError(
    'ServerRefused',
    'The server keeps no list of workers: it is older than the reports of workers, or they are turned off for the namespace (`frontend.WorkerHeartbeatsEnabled`, ' +
      '`frontend.ListWorkersEnabled`). Whether a task queue is polled, `selvage runs show` says of each run.',
    { cause },
  );
}

/** The workers that are alive; undefined if the server, an older one, keeps no list. */
export async function listIfKept(workers: Pick<Workers, 'list'>): Promise<WorkerState[] | undefined> {
  return await workers.list().catch((error: unknown) => {
    if (SelvageError.is(error, 'ServerRefused')) return undefined;
    throw error;
  });
}

export function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
