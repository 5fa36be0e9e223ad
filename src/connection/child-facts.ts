import { WorkflowNotFoundError, type WorkflowClient } from '@temporalio/client';
import { unreachable } from './connection-errors';
import type { ChildFacts } from './explain/facts';
import { readWorkflowTask } from './workflow-task-facts';
import { pendingActivitiesOf } from './pending-activity';
import type { Pollers } from './pollers';

/** Most parts of one map that are looked at; each costs a call to the server. */
const PARTS_LOOKED_AT = 10;

/** Undefined if the child run has ended. @throws SelvageError `ServerUnreachable` */
export async function readChild(
  client: WorkflowClient,
  pollers: Pollers,
  workflowId: string,
): Promise<ChildFacts | undefined> {
  try {
    const description = await client.getHandle(workflowId).describe();
    const own = await readWorkflowTask(client, pollers, description, true);
    const parts = (description.raw.pendingChildren ?? []).slice(0, PARTS_LOOKED_AT);
    const ofParts = await Promise.all(
      parts.map(async (part) => await readChild(client, pollers, part.workflowId ?? '')),
    );
    return {
      activities: [...pendingActivitiesOf(description), ...ofParts.flatMap((part) => part?.activities ?? [])],
      workflowTasks: [own, ...ofParts.flatMap((part) => part?.workflowTasks ?? [])],
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw unreachable(error);
  }
}
