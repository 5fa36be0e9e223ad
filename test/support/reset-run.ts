import type { temporal } from '@temporalio/proto';
import type { Selvage } from '../../src/client';

import { unique } from './open-selvage';

/** Resets an execution to a workflow task of its history, as an operator would; returns the new Temporal run id. */
export async function resetRun(
  { client, location: place }: Selvage,
  execution: { readonly workflowId: string; readonly runId: string },
  workflowTaskFinishEventId: NonNullable<temporal.api.history.v1.IHistoryEvent['eventId']>,
): Promise<string> {
  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace: place.namespace,
    workflowExecution: execution,
    reason: 'test',
    requestId: unique('reset'),
    workflowTaskFinishEventId,
  });
  return runId;
}
