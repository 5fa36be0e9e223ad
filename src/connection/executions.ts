import {
  WorkflowNotFoundError,
  type WorkflowClient,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { isNotFound, unreachable } from './connection-errors';

type Started = temporal.api.history.v1.IWorkflowExecutionStartedEventAttributes;

/** Describes an execution, by default the newest; undefined if unknown. @throws SelvageError `ServerUnreachable` */
export async function describeIfThere(
  client: WorkflowClient,
  workflowId: string,
  { execution, address }: { readonly execution?: string; readonly address?: string } = {},
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.getHandle(workflowId, execution).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw unreachable(error, address);
  }
}

/** The result of a call of an execution; undefined if the server does not know that execution. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The Temporal run id of the execution that an execution continues, if it continues one. */
export async function executionBefore(
  client: WorkflowClient,
  workflowId: string,
  execution: string,
): Promise<string | undefined> {
  return (await startOf(client, workflowId, execution)).continuedExecutionRunId || undefined;
}

/**
 * Whether an execution, or one that it continues, was made by a reset: a reset copies the start event, which
 * names the execution that it was written for. Also true if the server has forgotten the earlier executions.
 */
export async function isReset(client: WorkflowClient, workflowId: string, latest: string): Promise<boolean> {
  let execution: string | undefined = latest;
  while (execution) {
    try {
      const started: Started = await startOf(client, workflowId, execution);
      if (started.originalExecutionRunId !== execution) return true;
      execution = started.continuedExecutionRunId || undefined;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }
  return false;
}

async function startOf(client: WorkflowClient, workflowId: string, runId: string): Promise<Started> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  return history?.events?.[0]?.workflowExecutionStartedEventAttributes ?? {};
}
