import { WorkflowNotFoundError, type WorkflowClient } from '@temporalio/client';
import { unreachable } from './connection-errors';
import { nextWorkflowTask } from './next-step';
import { pendingActivitiesOf, type PendingActivity } from './pending-activity';
import type { Pollers } from './pollers';
import type { WorkflowTaskState } from './waiting';

/** Most parts of one map that are looked at; each costs a call to the server. */
const PARTS_LOOKED_AT = 10;

/** State of the child run of a map, or of a slow knot. */
export interface ChildSituation {
  /** The activities of the child run, and of its parts if it has some. */
  readonly activities: readonly PendingActivity[];
  /** Why it, or one of its parts, has not taken its next step. */
  readonly workflowTask?: WorkflowTaskState;
}

/** Undefined if the child run has ended. @throws SelvageError `ServerUnreachable` */
export async function readChild(
  client: WorkflowClient,
  pollers: Pollers,
  workflowId: string,
): Promise<ChildSituation | undefined> {
  try {
    const description = await client.getHandle(workflowId).describe();
    const own = await nextWorkflowTask(client, pollers, description, true);
    const parts = (description.raw.pendingChildren ?? []).slice(0, PARTS_LOOKED_AT);
    const ofParts = await Promise.all(
      parts.map(async (part) => await readChild(client, pollers, part.workflowId ?? '')),
    );
    const workflowTask = own ?? ofParts.find((part) => part?.workflowTask)?.workflowTask;
    return {
      activities: [...pendingActivitiesOf(description), ...ofParts.flatMap((part) => part?.activities ?? [])],
      workflowTask,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw unreachable(error);
  }
}
