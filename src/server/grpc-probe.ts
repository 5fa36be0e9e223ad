import { call, field, NOT_FOUND, OK, openSession } from './grpc-call';

/**
 * Asks a Temporal server on this machine whether it serves: its namespace `default` must exist, and a look for a
 * workflow must get as far as the history shards. Two real calls over plain HTTP/2, because loading a gRPC client takes
 * longer than the server takes to start.
 *
 * Resolves to false on any other answer, on none within `limitMs`, and where nothing listens; it never rejects.
 */
export async function serves(port: number, limitMs: number): Promise<boolean> {
  const session = openSession(port);
  const timer = setTimeout(() => session.destroy(), limitMs);
  try {
    const service = 'temporal.api.workflowservice.v1.WorkflowService';
    const namespace = field(1, 'default');
    if ((await call(session, `${service}/DescribeNamespace`, namespace)) !== OK) return false;
    const execution = Buffer.concat([namespace, field(2, field(1, 'selvage-probe'))]);
    return (await call(session, `${service}/DescribeWorkflowExecution`, execution)) === NOT_FOUND;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}
