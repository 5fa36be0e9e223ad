import { ask, call, field, NOT_FOUND, OK, textField, withSession } from './grpc-call';

const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';

/**
 * Whether a Temporal server on this machine serves: its namespace `default` exists, and the lookup of a workflow
 * reaches the history shards. The probe makes two real calls over plain HTTP/2, because loading a gRPC client takes
 * longer than the server's start. The result is false also after `limitMs`. Never rejects.
 */
export async function serves(port: number, limitMs: number): Promise<boolean> {
  const isServing = await withSession(port, limitMs, async (session) => {
    const namespace = field(1, 'default');
    if ((await call(session, `${SERVICE}/DescribeNamespace`, namespace)) !== OK) return false;
    const execution = Buffer.concat([namespace, field(2, field(1, 'selvage-probe'))]);
    return (await call(session, `${SERVICE}/DescribeWorkflowExecution`, execution)) === NOT_FOUND;
  });
  return isServing ?? false;
}

/** The permanent id of the server's cluster; undefined after `limitMs`. */
export async function clusterId(port: number, limitMs: number): Promise<string | undefined> {
  return await withSession(port, limitMs, async (session) => {
    const { status, answer } = await ask(session, `${SERVICE}/GetClusterInfo`, Buffer.alloc(0));
    return status === OK ? textField(answer, 3) : undefined;
  });
}
