import type { WorkflowClient } from '@temporalio/client';

const identities = new WeakMap<object, Promise<string | undefined>>();

/**
 * Names the server (and the namespace) that a client talks to, the same from every process; undefined where it does not say. One run
 * history may hold runs of several servers, and only its own can say that a run is gone.
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
