import { WorkflowNotFoundError, type WorkflowClient } from '@temporalio/client';
import { executionBefore } from './executions';
import { CUT_OFF, failureOfUpdate, isUnseen } from './update-failure';

/**
 * A run's answer to an update, searched in its executions, newest first; undefined if none has one. The
 * server keeps answers as long as the run.
 *
 * @throws WorkflowUpdateFailedError if the answer was a refusal
 */
export async function answerOnRecord<Answer>(
  client: WorkflowClient,
  run: string,
  updateId: string,
  executions: number,
): Promise<Answer | undefined> {
  let execution = await newestOf(client, run);
  for (let looked = 0; execution && looked < executions; looked++) {
    try {
      const update = client.getHandle(run).getUpdateHandle<Answer>(updateId, { workflowRunId: execution });
      return await update.result();
    } catch (error) {
      const isCutOff = failureOfUpdate(error)?.type === CUT_OFF;
      const isNone = error instanceof WorkflowNotFoundError || isCutOff || isUnseen(error);
      if (!isNone) throw error;
    }
    execution = await executionBefore(client, run, execution);
  }
  return undefined;
}

async function newestOf(client: WorkflowClient, run: string): Promise<string | undefined> {
  try {
    return (await client.getHandle(run).describe()).runId;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
