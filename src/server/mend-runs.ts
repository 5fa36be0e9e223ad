import type { WorkflowHandle } from '@temporalio/client';

import { call, field, openSession, type GrpcStatus, OK } from './grpc-call';

/** An execution that had not ended when its database was damaged. */
export interface OpenExecution {
  readonly workflowId: string;
  /** Temporal's id of the execution; undefined where only the workflow is known. */
  readonly temporalRunId: string | undefined;
}

export interface MendedRuns {
  /** Workflow ids of those that go on. */
  readonly goOn: readonly string[];
  /** Those that the server cannot go on with, each with the reason. They were removed from it, so that their ids are free. */
  readonly lost: readonly { readonly workflowId: string; readonly reason: string }[];
}

const CALL_LIMIT_MS = 20_000;
const ADMIN = 'temporal.server.api.adminservice.v1.AdminService';

/**
 * Looks at each execution in a server whose database was repaired: one whose state and history are whole gets the tasks anew that
 * it waits for, in case those were lost; `rebuild` first makes its state anew from its history, for when rows of the state were
 * lost. Others are removed from the server.
 */
export async function mendRuns(
  server: { readonly address: string; readonly namespace: string },
  executions: readonly OpenExecution[],
  { rebuild, namespaceId }: { readonly rebuild: boolean; readonly namespaceId: string },
): Promise<MendedRuns> {
  const goOn: string[] = [];
  const lost: { workflowId: string; reason: string }[] = [];
  if (executions.length === 0) return { goOn, lost };
  // Loaded late: it takes longer than a server takes to start, and nobody else here needs it.
  const { Client, Connection } = await import('@temporalio/client');
  const connection = await Connection.connect({ address: server.address });
  const admin = openAdmin(Number(server.address.split(':')[1]));
  try {
    const client = new Client({ connection, namespace: server.namespace });
    for (const { workflowId, temporalRunId } of executions) {
      const handle = client.workflow.getHandle(workflowId, temporalRunId);
      const execution = Buffer.concat([
        field(1, workflowId),
        ...(temporalRunId ? [field(2, temporalRunId)] : []),
      ]);
      if (rebuild) await admin.call('RebuildMutableState', [field(1, server.namespace), field(2, execution)]);
      const reason =
        (await client.withDeadline(Date.now() + CALL_LIMIT_MS, () => whyLost(handle))) ??
        whyNotRefreshed(
          await admin.call('RefreshWorkflowTasks', [field(3, namespaceId), field(2, execution)]),
        );
      if (reason === undefined) goOn.push(workflowId);
      else {
        await admin.call('DeleteWorkflowExecution', [field(1, server.namespace), field(2, execution)]);
        lost.push({ workflowId, reason });
      }
    }
    return { goOn, lost };
  } finally {
    admin.close();
    await connection.close();
  }
}

/** Undefined where the state can be loaded and no event of the history is missing. */
async function whyLost(handle: WorkflowHandle): Promise<string | undefined> {
  try {
    const { historyLength } = await handle.describe();
    const { events } = await handle.fetchHistory();
    const ids = (events ?? []).map(({ eventId }) => Number(eventId));
    if (ids.some((id, index) => id !== index + 1)) return 'events of its history are lost';
    return ids.length < historyLength ? 'the end of its history is lost' : undefined;
  } catch (error) {
    const { message, cause } = error as Error & { cause?: { details?: string } };
    return `the server cannot load it: ${cause?.details ?? message}`;
  }
}

function whyNotRefreshed(status: GrpcStatus): string | undefined {
  return status === OK ? undefined : `its tasks cannot be made anew (gRPC status ${status ?? 'none'})`;
}

function openAdmin(port: number): {
  call(method: string, fields: Buffer[]): Promise<GrpcStatus>;
  close(): void;
} {
  const session = openSession(port);
  return {
    call: async (method, fields) => {
      const timer = setTimeout(() => session.destroy(), CALL_LIMIT_MS);
      try {
        return await call(session, `${ADMIN}/${method}`, Buffer.concat(fields));
      } catch {
        return undefined;
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => session.destroy(),
  };
}
