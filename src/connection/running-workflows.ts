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
import { MEMO_KEY, type ChildMemo, type RunMemo } from '../workflows/messages';

/** An unfinished workflow of the namespace, Selvage's or anybody's. */
export interface RunningWorkflow {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly taskQueue: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Reads its memo; undefined if it has none of ours, or one that is sealed with a key that this client lacks. */
  readMemo(): Promise<RunMemo | ChildMemo | undefined>;
  /** Whether a Selvage client, or a run, started it. */
  readonly hasMemo: boolean;
}

interface ListedWorkflow extends RunningWorkflow {
  readonly isOpen: boolean;
}

/** `WORKFLOW_EXECUTION_STATUS_RUNNING` */
const RUNNING = 1;

/**
 * Newest first. Reads memos only when asked, since other teams may have sealed theirs with their own codecs.
 *
 * @param types names of tapestries, to list only their runs. Default: all workflows
 */
export async function* runningWorkflows(
  client: WorkflowClient,
  types: readonly string[] = [],
): AsyncGenerator<RunningWorkflow> {
  const ofTypes = types.map((type) => `'${type}'`).join(', ');
  yield* listed(client, `ExecutionStatus = 'Running'${ofTypes && ` AND WorkflowType IN (${ofTypes})`}`);
}

/** Also those that have ended, as far as the namespace retains them. */
export async function* workflowsSince(client: WorkflowClient, since: number): AsyncGenerator<ListedWorkflow> {
  yield* listed(client, `StartTime >= '${new Date(since).toISOString()}'`);
}

/** Those that ended without completing by themselves. */
export async function* cutShortSince(client: WorkflowClient, since: number): AsyncGenerator<RunningWorkflow> {
  const query = `ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut') AND CloseTime >= '${new Date(since).toISOString()}'`;
  yield* listed(client, query);
}

async function* listed(client: WorkflowClient, query: string): AsyncGenerator<ListedWorkflow> {
  const { namespace } = client.options;
  let nextPageToken: Uint8Array | undefined;
  do {
    const page = await client.workflowService.listWorkflowExecutions({
      namespace,
      query,
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
    nextPageToken = page.nextPageToken ?? undefined;
  } while (nextPageToken && nextPageToken.length > 0);
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

/** A workflow with its memo; undefined if it has ended meanwhile, or its memo is sealed with a key that this client lacks. */
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
