import type { WorkflowClient } from '@temporalio/client';

const identities = new WeakMap<object, Promise<string | undefined>>();

/**
 * Identifies server and namespace, equally from every process; undefined if the server does not tell. A run
 * history may hold runs of several servers, and only a run's own server can say that it is gone.
 */
export function serverIdentity(client: WorkflowClient): Promise<string | undefined> {
  const { connection } = client;
  let identity = identities.get(connection);
  if (!identity) {
    identity = connection.workflowService
      .getClusterInfo({})
      .then(({ clusterId }) => (clusterId ? `${clusterId}/${client.options.namespace}` : undefined))
      // Temporal Cloud does not answer this call.
      .catch(() => undefined);
    identities.set(connection, identity);
  }
  return identity;
}
