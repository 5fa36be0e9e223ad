import {
  ServiceError,
  isGrpcServiceError,
  type WorkflowClient,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import type { Payload } from '@temporalio/common';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import { requiredTsToMs } from '@temporalio/common/lib/time';
import { isOfClass } from '../errors';
import { INVALID_ARGUMENT, grpcCode } from './connection-errors';
import { inParallel } from '../values/in-parallel';
import { MEMO_KEY, type ChildMemo, type RunMemo } from '../workflows/messages';

/** An unfinished workflow of the namespace, also of other applications. */
export interface RunningWorkflow {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly taskQueue: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** The workflow's memo; undefined if it has none of ours, or one that is sealed with a key that this client lacks. */
  readMemo(): Promise<RunMemo | ChildMemo | undefined>;
  /** Whether a Selvage client or a run started it. */
  readonly hasMemo: boolean;
}

interface ListedWorkflow extends RunningWorkflow {
  readonly isOpen: boolean;
}

/** Maximum number of workflows that a server lists at once. */
const PAGE = 1_000;
const MOST_IDS = 1_000;
const AT_A_TIME = 4;
/** Number of ids up to which they are listed rather than counted in halves. */
const FEW = 32;
/** Temporal run ids of a server. Every database orders such ids alike. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const IS_RUNNING = "ExecutionStatus = 'Running'";

/** `WORKFLOW_EXECUTION_STATUS_RUNNING` */
const RUNNING = 1;

/** Running workflows, newest first; `types` default to all. Memos are read on request, as some need other codecs. */
export async function* runningWorkflows(
  client: WorkflowClient,
  types: readonly string[] = [],
): AsyncGenerator<RunningWorkflow> {
  const ofTypes = types.map((type) => `'${type}'`).join(', ');
  yield* listed(client, `${IS_RUNNING}${ofTypes && ` AND WorkflowType IN (${ofTypes})`}`);
}

interface KnownRun {
  readonly temporal_run_id: string;
}

/**
 * Unfinished workflows without the known runs, newest first; all if the server refuses such a query. Listing
 * one workflow costs a server as much as looking through a hundred, so this is fast if most are known.
 *
 * @param span of the workflows' Temporal run ids, without `last`. Default: all
 */
export async function runningBut(
  client: WorkflowClient,
  known: readonly KnownRun[],
  { first, last }: { readonly first?: string; readonly last?: string },
  most = Infinity,
): Promise<RunningWorkflow[]> {
  const ids = idsOf(known);
  const others =
    IS_RUNNING +
    (first === undefined ? '' : ` AND RunId >= '${first}'`) +
    (last === undefined ? '' : ` AND RunId < '${last}'`) +
    (ids.length === 0 ? '' : ` AND RunId NOT IN (${quoted(ids)})`);
  const found = await unlessRefused(() => allListed(client, others, most));
  return found ?? (await allListed(client, IS_RUNNING, most));
}

interface RunsOnServer {
  /** Temporal run ids of known runs that are running. */
  readonly current: ReadonlySet<string>;
  /** Other unfinished workflows, and known runs in another state or selected by `isToList`. */
  readonly listed: readonly RunningWorkflow[];
}

/** Counts known runs that are running, and lists other workflows. @param isToList lists known runs, too */
export async function runsOnServer(
  client: WorkflowClient,
  known: readonly KnownRun[],
  isToList: (run: KnownRun) => boolean,
): Promise<RunsOnServer> {
  const inOrder = known
    .filter(({ temporal_run_id: id }) => UUID.test(id))
    .sort((one, other) => (one.temporal_run_id < other.temporal_run_id ? -1 : 1));
  const current = new Set<string>();
  const listed = new Map<string, RunningWorkflow>();
  const add = (workflows: readonly RunningWorkflow[]): void => {
    for (const workflow of workflows) listed.set(workflow.runId, workflow);
  };
  const starts = Array.from(
    { length: Math.max(1, Math.ceil(inOrder.length / MOST_IDS)) },
    (_, at) => at * MOST_IDS,
  );
  await inParallel(starts, AT_A_TIME, async (start) => {
    const some = inOrder.slice(start, start + MOST_IDS);
    const first = start === 0 ? undefined : some[0]?.temporal_run_id;
    const last = inOrder[start + MOST_IDS]?.temporal_run_id;
    add(await runningBut(client, some, { first, last }));
    for (const id of await runningAmong(client, idsOf(some.filter((run) => !isToList(run))))) current.add(id);
    const left = idsOf(some).filter((id) => !current.has(id));
    if (left.length === 0) return;
    const query = `${IS_RUNNING} AND RunId IN (${quoted(left)})`;
    add((await unlessRefused(() => allListed(client, query))) ?? []);
  });
  return { current, listed: [...listed.values()].filter(({ runId }) => !current.has(runId)) };
}

function idsOf(runs: readonly KnownRun[]): string[] {
  return runs.map((run) => run.temporal_run_id).filter((id) => UUID.test(id));
}

function quoted(ids: readonly string[]): string {
  return ids.map((id) => `'${id}'`).join(', ');
}

/**
 * The running ones among the given executions; may leave out up to {@link FEW} running executions beside each one that
 * does not run.
 */
async function runningAmong(client: WorkflowClient, ids: readonly string[]): Promise<readonly string[]> {
  const count = await countRunning(client, ids);
  if (count === ids.length) return ids;
  if (count === undefined || ids.length <= FEW) return [];
  const middle = Math.ceil(ids.length / 2);
  const halves = [ids.slice(0, middle), ids.slice(middle)].map((half) => runningAmong(client, half));
  return (await Promise.all(halves)).flat();
}

/** Counts running workflows among the given ones; undefined if the server refuses such a query. */
async function countRunning(client: WorkflowClient, ids: readonly string[]): Promise<number | undefined> {
  if (ids.length === 0) return 0;
  const { namespace } = client.options;
  const query = `${IS_RUNNING} AND RunId IN (${quoted(ids)})`;
  const answer = await unlessRefused(() =>
    client.workflowService.countWorkflowExecutions({ namespace, query }),
  );
  return answer && Number(answer.count ?? 0);
}

/** The server's answer; undefined if the server refuses the query, for instance for its length. */
async function unlessRefused<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (grpcCode(error) === INVALID_ARGUMENT) return undefined;
    throw error;
  }
}

async function allListed(client: WorkflowClient, query: string, most = Infinity): Promise<RunningWorkflow[]> {
  const found: RunningWorkflow[] = [];
  for await (const workflow of listed(client, query, most)) found.push(workflow);
  return found;
}

/** Lists the workflows since a time, also ended ones, as long as the namespace retains them. */
export async function* workflowsSince(client: WorkflowClient, since: number): AsyncGenerator<ListedWorkflow> {
  yield* listed(client, `StartTime >= '${new Date(since).toISOString()}'`);
}

export async function* cutShortSince(client: WorkflowClient, since: number): AsyncGenerator<RunningWorkflow> {
  const query = `ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut') AND CloseTime >= '${new Date(since).toISOString()}'`;
  yield* listed(client, query);
}

async function* listed(
  client: WorkflowClient,
  query: string,
  most = Infinity,
): AsyncGenerator<ListedWorkflow> {
  const { namespace } = client.options;
  let nextPageToken: Uint8Array | undefined;
  let left = Math.ceil(most);
  do {
    const page = await client.workflowService.listWorkflowExecutions({
      namespace,
      query,
      pageSize: Math.min(left, PAGE),
      ...(nextPageToken && { nextPageToken }),
    });
    for (const { execution, startTime, memo, type, taskQueue, status } of page.executions ?? []) {
      const payload = memo?.fields?.[MEMO_KEY];
      yield {
        workflowId: execution!.workflowId!,
        runId: execution!.runId!,
        type: type?.name ?? '',
        taskQueue: taskQueue ?? '',
        since: requiredTsToMs(startTime, 'startTime'),
        readMemo: () => readMemo(client, payload),
        hasMemo: payload !== undefined,
        isOpen: status === RUNNING,
      };
    }
    left -= page.executions?.length ?? 0;
    nextPageToken = page.nextPageToken ?? undefined;
  } while (left > 0 && nextPageToken && nextPageToken.length > 0);
}

async function readMemo(
  { options }: WorkflowClient,
  payload: Payload | null | undefined,
): Promise<RunMemo | ChildMemo | undefined> {
  if (!payload) return undefined;
  try {
    return await decodeFromPayloadsAtIndex(options.loadedDataConverter, 0, [payload]);
  } catch (error) {
    if (isOfClass(error, 'backend')) throw error;
    return undefined;
  }
}

/** A workflow's memo; undefined if the workflow has ended, or its memo is sealed with a key that this client lacks. */
export async function describeRunning(
  client: WorkflowClient,
  { workflowId, runId }: RunningWorkflow,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.getHandle(workflowId, runId).describe();
  } catch (error) {
    const isOfServer = error instanceof ServiceError || isGrpcServiceError(error);
    if (isOfServer || isOfClass(error, 'backend')) throw error;
    return undefined;
  }
}
