import type { WorkflowClient } from '@temporalio/client';

const identities = new WeakMap<object, Promise<string | undefined>>();

/**
 * Identifies the server and namespace that a client talks to, equally from every process; undefined if the server does not tell. One run
 * history may hold runs of several servers, and only a run's own server can say that it is gone.
 */
export function serverIdentity(client: WorkflowClient): Promise<string | undefined> {
  const { connection } = client;
  let identity = identities.get(connection);
  if (!identity) {
    identity = connection.workflowService
      .getClusterInfo({})
      .then(({ clusterId }) => (clusterId ? `${clusterId}/${client.options.namespace}` : undefined))
      // Temporal Cloud answers no such question.
      .catch(() => undefined);
    identities.set(connection, identity);
  }
  return identity;
}
